import { Writable } from 'node:stream'
import createFastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { barrier, counter, get, hit, life, quiet, setup, stale } from './support.ts'

async function refilling(options: { closeCache?: boolean }) {
  const { cache, clock } = setup()
  const app = createFastify()
  await app.register(responseCache, { cache, life, ...options })
  const slow = barrier()
  let runs = 0
  app.get('/', async () => {
    if (++runs === 2) await slow.wait()
    return `run ${runs}`
  })
  await get(app as never, '/')
  clock.advance(61_000)
  expect((await get(app as never, '/')).cacheStatus).toMatch(stale)
  await slow.reached
  return { app, cache, slow }
}

test('an application that is closed waits for its refills', async () => {
  const { app, slow } = await refilling({})
  let isClosed = false
  const closed = app.close().then(() => {
    isClosed = true
  })
  await quiet()
  expect(isClosed).toBe(false)
  slow.open()
  await closed
})

test('refills end before plugins close what handlers need', async () => {
  const { cache, clock } = setup()
  const app = createFastify()
  await app.register(responseCache, { cache, life })
  const order: string[] = []
  app.addHook('onClose', async () => void order.push('database closed'))
  const slow = barrier()
  let runs = 0
  app.get('/', async () => {
    if (++runs === 2) await slow.wait()
    order.push(`run ${runs}`)
    return 'x'
  })
  await get(app as never, '/')
  clock.advance(61_000)
  await get(app as never, '/')
  await slow.reached
  const closed = app.close()
  await quiet()
  slow.open()
  await closed
  expect(order).toEqual(['run 1', 'run 2', 'database closed'])
})

test.each([true, false])('closeCache: %j', async (closeCache) => {
  const { app, cache, slow } = await refilling({ closeCache })
  slow.open()
  await app.close()
  const next = createFastify()
  onTestFinished(() => next.close())
  await next.register(responseCache, { cache, life })
  next.get('/', counter().handler)
  await get(next as never, '/')
  const { cacheStatus } = await get(next as never, '/')
  if (closeCache) expect(cacheStatus).not.toMatch(hit)
  else expect(cacheStatus).toMatch(hit)
})

test('a refill that fails is told to the log, until the application is closed', async () => {
  const { cache, clock } = setup()
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      lines.push(String(chunk))
      callback()
    },
  })
  const app = createFastify({ logger: { level: 'error', stream } })
  onTestFinished(() => app.close())
  await app.register(responseCache, { cache, life })
  let fails = false
  app.get('/', async (_request, reply) => (fails ? reply.code(503).send('no') : 'x'))
  await get(app as never, '/')
  fails = true
  clock.advance(61_000)
  await get(app as never, '/')
  await quiet()
  expect(lines.join()).toContain('restale: a refill has failed')
  expect(lines).toHaveLength(1)
})
