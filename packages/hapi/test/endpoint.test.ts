import { once } from 'node:events'
import { request } from 'node:http'
import type { ServerInjectOptions, ServerOptions, ServerRegisterOptions } from '@hapi/hapi'
import { describe, expect, it } from 'vitest'
import type { EndpointPluginOptions } from '../src/index.ts'
import { revalidateEndpoint } from '../src/index.ts'
import { quietServer, setup } from './support.ts'

const secret = 'at least sixteen characters'
const authorized = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }

async function site(
  options: Partial<EndpointPluginOptions> = {},
  registration: ServerRegisterOptions = {},
  serverOptions: ServerOptions = {},
) {
  const { cache } = setup()
  const server = quietServer(serverOptions)
  const plugin = { plugin: revalidateEndpoint, options: { cache, secret, ...options } }
  await server.register(plugin, registration)
  const ask = (url: string, rest: Partial<ServerInjectOptions> = {}) =>
    server.inject({ method: 'POST', url, headers: authorized, payload: '{"tag":"a"}', ...rest })
  return { server, cache, ask }
}

describe('where it answers', () => {
  it.each<[string, Partial<EndpointPluginOptions>, string | undefined, string]>([
    ['by default', {}, undefined, '/api/revalidate'],
    ['at its prefix', {}, '/hooks', '/hooks'],
    ['at its path', { path: '/purge' }, undefined, '/purge'],
    ['at its path below a prefix', { path: '/purge/' }, '/hooks', '/hooks/purge'],
  ])('%s', async (_, options, prefix, base) => {
    const { ask } = await site(options, prefix === undefined ? {} : { routes: { prefix } })
    for (const path of [base, `${base}/`, `${base}/webhook`, `${base}/webhook/`, `${base}?a=b`]) {
      expect((await ask(path)).statusCode, path).toBe(200)
    }
    const below = await ask(`${base}/below`)
    expect([below.statusCode, below.payload]).toEqual([404, '{"message":"Not found"}'])
  })

  it('beside routes of the application that are more specific', async () => {
    const { server, ask } = await site()
    server.route({ method: 'GET', path: '/api/revalidate/health', handler: () => 'ok' })
    expect((await ask('/api/revalidate/health', { method: 'GET' })).payload).toBe('ok')
  })

  it('for several caches', async () => {
    const { server, ask } = await site()
    const { cache } = setup()
    const options = { cache, secret: 'another one of sixteen characters' }
    await server.register({ plugin: revalidateEndpoint, options }, { routes: { prefix: '/other' } })
    expect((await ask('/other')).statusCode).toBe(401)
  })
})

it.each<[string, object, string]>([
  ['no secret', { secret: undefined }, 'ERR_RESTALE_MISSING_SECRET'],
  ['a short secret', { secret: 'short' }, 'ERR_RESTALE_WEAK_SECRET'],
  ['an unknown option', { secrets: [] }, 'ERR_RESTALE_INVALID_OPTION'],
  ['no cache', { cache: undefined }, 'ERR_RESTALE_INVALID_OPTION'],
])('is refused: %s', async (_, options, code) => {
  await expect(site(options)).rejects.toMatchObject({ code })
})

describe('whatever the server is set to', () => {
  it('every method is answered', async () => {
    const { ask } = await site()
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PURGE']) {
      const { statusCode, headers } = await ask('/api/revalidate', { method })
      expect([statusCode, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS, POST'])
    }
    for (const method of ['HEAD', 'OPTIONS']) {
      const { statusCode, headers } = await ask('/api/revalidate', { method })
      expect([statusCode, headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS, POST'])
    }
  })

  it('no strategy guards it, and no cookie is looked at', async () => {
    const { server, ask } = await site()
    server.auth.scheme('never', () => ({
      authenticate: () => {
        throw new Error('never')
      },
    }))
    server.auth.strategy('never', 'never')
    server.auth.default('never')
    const headers = { ...authorized, cookie: 'a=1; b="' }
    expect((await ask('/api/revalidate', { headers })).statusCode).toBe(200)
  })

  it('the body comes as it was sent, up to a limit of the endpoint’s own', async () => {
    const payload = { maxBytes: 10 }
    const { ask } = await site({}, {}, { routes: { payload } })
    expect((await ask('/api/revalidate')).statusCode).toBe(200)
    const large = JSON.stringify({ tag: 'a', path: `/${'x'.repeat(70_000)}` })
    const response = await ask('/api/revalidate', { payload: large })
    expect([response.statusCode, response.headers['cache-control']]).toEqual([413, 'no-store'])
    const odd = await ask('/api/revalidate', { headers: { ...authorized, 'content-type': 'not a type' } })
    expect([odd.statusCode, odd.headers['cache-control']]).toEqual([415, 'no-store'])
  })

  it('a body without a length is limited too', async () => {
    const { server } = await site()
    await server.start()
    const outgoing = request({
      port: server.info.port,
      method: 'POST',
      path: '/api/revalidate',
      headers: authorized,
    })
    outgoing.on('error', () => {})
    for (let part = 0; part < 10; part++) outgoing.write('x'.repeat(10_000))
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    expect(response.statusCode).toBe(413)
    response.destroy()
  })

  it('what the application’s own functions throw is an error of the server', async () => {
    const webhook = {
      verify: () => true,
      tags: () => {
        throw new Error('meant to fail')
      },
    }
    const { ask } = await site({ webhook })
    expect((await ask('/api/revalidate/webhook')).statusCode).toBe(500)
  })
})
