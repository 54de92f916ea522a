import { Buffer } from 'node:buffer'
import express from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { hit, life, setup } from './support.ts'

test('functions that stand above on the response cannot change what is stored', async () => {
  const { cache } = setup()
  const app = express()
  app.use((req, res, next) => {
    const { end } = res
    const blanking = (chunk: unknown, ...rest: unknown[]) => {
      if (Buffer.isBuffer(chunk)) chunk.fill('.')
      return Reflect.apply(end, res, [chunk, ...rest])
    }
    if (req.get('X-Blank')) res.end = blanking as typeof res.end
    next()
  })
  app.use(responseCache(cache, { life, key: { host: false } }))
  app.get('/', (_req, res) => void res.type('text').send(Buffer.from('a page')))
  for (let run = 1; run <= 2; run++) {
    await request(app).get('/').set('X-Blank', '1').expect(200, '......')
    const response = await request(app).get('/').expect(200, 'a page')
    expect(response.headers['cache-status']).toMatch(hit)
  }
})
