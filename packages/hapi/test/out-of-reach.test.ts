import { Buffer } from 'node:buffer'
import type { ResponseObject } from '@hapi/hapi'
import { expect, test } from 'vitest'
import { cachedServer, isHit, life } from './support.ts'

test('extensions cannot change what is stored', async () => {
  const { server, get } = await cachedServer({ life })
  server.ext('onPreResponse', ({ headers, response }, h) => {
    if (headers['x-blank'] !== undefined) ((response as ResponseObject).source as Buffer).fill('.')
    return h.continue
  })
  server.route({ method: 'GET', path: '/', handler: (_request, h) => h.response(Buffer.from('a page')) })
  for (let run = 1; run <= 2; run++) {
    expect((await get('/', { headers: { 'x-blank': '1' } })).payload).toBe('......')
    const response = await get('/')
    expect(response.payload).toBe('a page')
    expect(isHit(response)).toBe(true)
  }
})
