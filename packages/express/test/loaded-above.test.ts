import { expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { barrier, life, listen, quietApp, setup } from './support.ts'

test.each([
  ['stays, where only the route has a mount', false, '1'],
  ['is not stored as new, below an outer mount without options', true, '2'],
])('what was loaded before an invalidation %s', async (_title, hasOuter, seen) => {
  const { cache } = setup()
  const app = quietApp()
  let version = 1
  const loading = barrier()
  if (hasOuter) app.use(responseCache(cache))
  app.param('id', async (req, _res, next) => {
    Object.assign(req, { item: version })
    if (version === 1) await loading.wait()
    next()
  })
  app.get('/items/:id', responseCache(cache, { life, tags: ['item'] }), (req, res) => {
    res.send(String((req as never as { item: number }).item))
  })
  const { get } = await listen(app)
  const early = get('/items/a')
  await loading.reached
  version = 2
  await cache.updateTag('item')
  loading.open()
  expect((await early).text).toBe('1')
  expect((await get('/items/a')).text).toBe(seen)
})
