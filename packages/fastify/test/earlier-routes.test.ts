import { afterEach, expect, test, vi } from 'vitest'
import { responseCache } from '../src/index.ts'
import { counter, get, life, plainApp, setup, stored } from './support.ts'

afterEach(() => vi.restoreAllMocks())

test('a registration that is not awaited comes too late for the routes below it, and says so', async () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { cache } = setup()
  const app = plainApp()
  app.register(responseCache, { cache, life })
  app.get('/', counter().handler)
  app.register(async (inner) => void inner.get('/inner', counter().handler))
  expect((await get(app, '/')).header('cache-status')).toBeUndefined()
  expect((await get(app, '/inner')).cacheStatus).toMatch(stored)
  const code = expect.objectContaining({ code: 'RESTALE_EARLIER_ROUTES' })
  expect(emitWarning.mock.calls).toEqual([[expect.stringContaining('not cached'), code]])
})
