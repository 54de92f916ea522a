import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { hit, life, listen, majors, setup } from './support.ts'

test.each(majors)('%s: what stands outside cannot change what is stored', async (_major, make) => {
  const { cache } = setup()
  const app = make()
  app.use(async (ctx, next) => {
    await next()
    if (ctx.get('X-Blank')) (ctx.body as Buffer).fill('.')
  })
  app.use(responseCache(cache, { life }))
  app.use((ctx) => {
    ctx.body = Buffer.from('a page')
  })
  const { get } = await listen(app)
  for (let run = 1; run <= 2; run++) {
    expect((await get('/', { 'X-Blank': '1' })).text).toBe('......')
    const { text, cacheStatus } = await get('/')
    expect(text).toBe('a page')
    expect(cacheStatus).toMatch(hit)
  }
})

test.each(majors)('%s: nor can what is put on the response before the application', async (_major, make) => {
  const { cache } = setup()
  const app = make()
  app.use(responseCache(cache, { life }))
  app.use((ctx) => {
    ctx.body = Buffer.from('a page')
  })
  const listener = app.callback()
  app.callback = () => (request, response) => {
    const { end } = response
    response.end = ((chunk: unknown, ...rest: unknown[]) => {
      if (Buffer.isBuffer(chunk) && request.headers['x-blank']) chunk.fill('.')
      return Reflect.apply(end, response, [chunk, ...rest])
    }) as typeof end
    return listener(request, response)
  }
  const { get } = await listen(app)
  for (let run = 1; run <= 2; run++) {
    expect((await get('/', { 'X-Blank': '1' })).text).toBe('......')
    const { text, cacheStatus } = await get('/')
    expect(text).toBe('a page')
    expect(cacheStatus).toMatch(hit)
  }
})
