import { settled } from '@restale/core/testing'
import { expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { hit, life, listen, majors, setup, stale } from './support.ts'

test.each(majors)('%s: a refill meets middleware that has come since the last one', async (_major, make) => {
  const { cache, clock } = setup()
  const app = make()
  app.use(responseCache(cache, { life, key: { host: false } }))
  app.use(async (ctx, next) => {
    ctx.body = 'early'
    await next()
  })
  /** On a server of its own: Koa takes what middleware there is when it begins to listen. */
  const refilled = async () => {
    const { get } = await listen(app)
    await get('/')
    clock.advance(61_000)
    expect((await get('/')).cacheStatus).toMatch(stale)
    await settled(cache)
    const response = await get('/')
    expect(response.cacheStatus).toMatch(hit)
    return response.text
  }
  expect(await refilled()).toBe('early')
  app.use((ctx) => {
    ctx.body = 'late'
  })
  expect(await refilled()).toBe('late')
})
