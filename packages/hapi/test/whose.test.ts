import basic from '@hapi/basic'
// It brings no types.
// @ts-expect-error
import cookie from '@hapi/cookie'
import type { Lifecycle, Server } from '@hapi/hapi'
import { describe, expect, it, vi } from 'vitest'
import { cachedServer, isHit, life, miss, statusOf } from './support.ts'

const setCookie = 'fwd=uri-miss; detail=set-cookie'

describe('cookies', () => {
  it.each<[string, Lifecycle.Method]>([
    ['h.state()', (_, h) => h.state('a', '1') ?? 'page'],
    ['h.unstate()', (_, h) => h.unstate('a') ?? 'page'],
    ['response.state()', (_, h) => h.response('page').state('a', '1')],
    ['response.unstate()', (_, h) => h.response('page').unstate('a')],
    ['a header', (_, h) => h.response('page').header('set-cookie', 'a=1')],
    ['Node’s response', ({ raw }) => raw.res.setHeader('Set-Cookie', 'a=1') && 'page'],
    ['a cookie that stood there already, set anew', (_, h) => h.state('outer', 'changed') ?? 'page'],
  ])('of the handler refuse: %s', async (_, handler) => {
    const { server, get } = await cachedServer({ life })
    server.ext('onPreAuth', (_request, h) => {
      h.state('outer', '1')
      return h.continue
    })
    server.route({ method: 'GET', path: '/page', handler })
    expect(statusOf(await get('/page'))).toBe(setCookie)
    expect(statusOf(await get('/page'))).toBe(setCookie)
  })

  it('of the handler that the options name are let go', async () => {
    const { server, get } = await cachedServer({ life, outerCookies: ['visit'] })
    server.route({ method: 'GET', path: '/page', handler: (_, h) => h.response('page').state('visit', '1') })
    expect((await get('/page')).headers['set-cookie']).toHaveLength(1)
    const hit = await get('/page')
    expect(hit).toSatisfy(isHit)
    expect(hit.headers['set-cookie']).toBeUndefined()
  })

  it('that stand outside are each request’s own', async () => {
    let visits = 0
    const { server, get } = await cachedServer({ life })
    server.ext('onPreAuth', (_request, h) => {
      h.state('visit', `${++visits}`, { isSecure: false })
      return h.continue
    })
    server.route({ method: 'GET', path: '/page', handler: () => 'page' })
    for (const visit of [1, 2]) {
      expect((await get('/page')).headers['set-cookie']?.[0]).toMatch(`visit=${visit};`)
    }
    expect(await get('/page')).toSatisfy(isHit)
  })

  it('that stand outside refuse where what stands outside has its part in the body', async () => {
    let visits = 0
    const { server, get } = await cachedServer({ life })
    server.ext('onPreAuth', (_request, h) => {
      h.state('token', `${++visits}`, { isSecure: false })
      return h.continue
    })
    server.route({
      method: 'GET',
      path: '/page',
      handler: (request) =>
        request.generateResponse({}, { variety: 'view', marshal: async () => `token ${visits}` }),
    })
    expect(statusOf(await get('/page'))).toBe(setCookie)
    expect((await get('/page')).payload).toBe('token 2')
  })
})

describe('a session, kept as its cookie by an extension behind the cache', () => {
  async function site(handler: Lifecycle.Method) {
    const { server, get } = await cachedServer({ life })
    let ids = 0
    server.ext('onPreHandler', (request, h) => {
      Object.assign(request.app, { session: {} })
      return h.continue
    })
    server.ext('onPreResponse', async (request, h) => {
      const { session } = request.app as { session: object }
      await null
      if (Object.keys(session).length > 0) h.state('session', `id-${++ids}`)
      return h.continue
    })
    server.route({ method: 'GET', path: '/page', handler })
    return { get }
  }

  it('touched by the handler: what it answers is for one alone', async () => {
    let tokens = 0
    const { get } = await site((request) => {
      Object.assign((request.app as { session: object }).session, { token: ++tokens })
      return `token ${tokens}`
    })
    const answers = await Promise.all([get('/page'), get('/page'), get('/page')])
    expect(new Set(answers.map(({ payload }) => payload)).size).toBe(3)
    expect(new Set(answers.map(({ headers }) => String(headers['set-cookie']))).size).toBe(3)
  })

  it('untouched: it is for everybody', async () => {
    const { get } = await site(() => 'page')
    expect(statusOf(await get('/page'))).toBe(miss)
    expect(statusOf(await get('/page'))).toMatch(/^hit; ttl=/)
  })
})

it('a nonce of an extension refuses where it has its part in the body', async () => {
  const { server, get } = await cachedServer({ life })
  server.ext('onPreResponse', ({ response }, h) => {
    if (!('isBoom' in response)) response.header('content-security-policy', "script-src 'nonce-1'")
    return h.continue
  })
  const view: Lifecycle.Method = (request) =>
    request.generateResponse({}, { variety: 'view', marshal: async () => '<script nonce=1>' })
  server.route({ method: 'GET', path: '/view', handler: view })
  server.route({ method: 'GET', path: '/text', handler: () => 'text' })
  expect(statusOf(await get('/view'))).toBe('fwd=uri-miss; detail=csp-nonce')
  expect(statusOf(await get('/text'))).toBe(miss)
})

describe('@hapi/cookie', () => {
  async function site(mode: 'required' | 'try', options: object = {}) {
    const { server, get } = await cachedServer({ life, cookies: 'ignore', ...options })
    await server.register(cookie)
    server.auth.strategy('session', 'cookie', {
      cookie: { name: 'sid', password: 'a password of thirty-two characters', isSecure: false },
      validate: async () => ({ isValid: true, credentials: { user: {} } }),
    })
    server.auth.default({ strategy: 'session', mode })
    server.route({
      method: 'GET',
      path: '/login',
      handler: (request) => {
        ;(request as never as { cookieAuth: { set(session: object): void } }).cookieAuth.set({ id: 1 })
        return 'in'
      },
      options: { auth: false },
    })
    server.route({ method: 'GET', path: '/page', handler: () => 'page' })
    const login = await get('/login')
    return {
      get,
      login,
      user: { headers: { cookie: String(login.headers['set-cookie']).split(';')[0] as string } },
    }
  }

  it('a login sets a cookie, and is not stored', async () => {
    const { login } = await site('try')
    expect(statusOf(login)).toBe(setCookie)
  })

  it('whoever is logged in goes past the cache', async () => {
    const { get, user } = await site('try')
    expect(statusOf(await get('/page', user))).toBe('fwd=bypass; detail=authenticated')
    expect(statusOf(await get('/page'))).toBe(miss)
    expect(statusOf(await get('/page', user))).toBe('fwd=bypass; detail=authenticated')
    expect(await get('/page')).toSatisfy(isHit)
  })

  it('shared: true: it is for everybody who may come in, and for nobody else', async () => {
    const { get, user } = await site('required', { shared: true })
    expect(statusOf(await get('/page', user))).toBe(miss)
    expect(await get('/page', user)).toSatisfy(isHit)
    expect((await get('/page')).statusCode).toBe(401)
  })
})

describe('@hapi/basic', () => {
  const credentials = (password: string) => ({
    headers: { authorization: `Basic ${Buffer.from(`ada:${password}`).toString('base64')}` },
  })

  async function site(options: object) {
    const { server, get, clock, settled } = await cachedServer({ life, ...options })
    await server.register(basic)
    const validate = vi.fn(async (_request: unknown, name: string, password: string) => ({
      isValid: password === 'right',
      credentials: { user: { name } },
    }))
    server.auth.strategy('simple', 'basic', { validate })
    server.auth.default('simple')
    let runs = 0
    const handler: Lifecycle.Method = (_, h) =>
      h.response(`run ${++runs}`).header('cache-control', 'public, max-age=5')
    server.route({ method: 'GET', path: '/page', handler })
    return { get, clock, settled, validate }
  }

  it('a hit never skips it, and a refill goes through it again', async () => {
    const { get, clock, settled, validate } = await site({ shared: true })
    expect(statusOf(await get('/page', credentials('right')))).toBe(miss)
    expect(await get('/page', credentials('right'))).toSatisfy(isHit)
    for (const options of [credentials('wrong'), {}])
      expect((await get('/page', options)).statusCode).toBe(401)
    clock.advance(61_000)
    await get('/page', credentials('right'))
    await settled()
    expect((await get('/page', credentials('right'))).payload).toBe('run 2')
    expect(validate).toHaveBeenCalledTimes(6)
  })

  it('without shared: true nothing is stored', async () => {
    const { get } = await site({})
    for (let time = 1; time <= 2; time++) {
      expect(statusOf(await get('/page', credentials('right')))).toBe('fwd=bypass; detail=authenticated')
    }
  })
})

describe('guards that come when requests have come already', () => {
  const guard: Lifecycle.Method = ({ headers }, h) => {
    if (headers['x-key'] === undefined) throw new Error('no key')
    return h.continue
  }
  const handler = () => 'secret'
  const withKey = { headers: { 'x-key': '1' } }

  it.each<[string, (server: Server) => unknown]>([
    [
      'with a plugin',
      (server) => {
        server.route({ method: 'GET', path: '/page', handler })
        return server.register({
          name: 'guard',
          register: (plugin) => plugin.ext('onPreHandler', guard),
        })
      },
    ],
    [
      'with a route',
      (server) =>
        server.route({
          method: 'GET',
          path: '/page',
          handler,
          options: { ext: { onPreHandler: { method: guard } } },
        }),
    ],
  ])('%s: no hit skips them', async (_, add) => {
    const { server, get } = await cachedServer({ life })
    server.route({ method: 'GET', path: '/health', handler: () => 'ok' })
    await get('/health')
    await add(server)
    expect(statusOf(await get('/page', withKey))).toBe(miss)
    expect(await get('/page', withKey)).toSatisfy(isHit)
    expect((await get('/page')).statusCode).toBe(500)
    expect(await get('/health', withKey)).toSatisfy(isHit)
  })
})

it('credentials that have failed, in mode try, are somebody’s all the same', async () => {
  const { server, get } = await cachedServer({ life })
  server.auth.scheme('expired', () => ({
    authenticate: ({ headers }, h) =>
      h.unauthenticated(new Error('expired'), {
        credentials: { user: { name: headers['x-user'] } } as never,
      }),
  }))
  server.auth.strategy('expired', 'expired')
  server.auth.default({ strategy: 'expired', mode: 'try' })
  server.route({ method: 'GET', path: '/page', handler: ({ headers }) => `hi ${headers['x-user']}` })
  expect((await get('/page', { headers: { 'x-user': 'a' } })).payload).toBe('hi a')
  expect((await get('/page', { headers: { 'x-user': 'b' } })).payload).toBe('hi b')
})

it('what an extension has read before an invalidation is not served after it', async () => {
  const { server, cache, get } = await cachedServer({ life, tags: ['page'] })
  let data = 'old'
  let isFirst = true
  server.ext('onPreAuth', async (request, h) => {
    Object.assign(request.app, { data })
    if (isFirst) {
      isFirst = false
      data = 'new'
      await cache.updateTag('page')
    }
    return h.continue
  })
  server.route({ method: 'GET', path: '/page', handler: ({ app }) => (app as { data: string }).data })
  expect((await get('/page')).payload).toBe('old')
  expect((await get('/page')).payload).toBe('new')
  expect(await get('/page')).toSatisfy(isHit)
})

it.each(['no-store', 'private, max-age=60'])('a route that says %s is not stored', async (otherwise) => {
  const { server, get } = await cachedServer({ life })
  server.route({ method: 'GET', path: '/page', handler: () => 'page', options: { cache: { otherwise } } })
  for (let time = 0; time < 2; time++) {
    const { headers } = await get('/page')
    expect(headers['cache-control']).toBe(otherwise)
    expect(headers['cache-status']).not.toMatch(/stored|hit/)
  }
})

it('a body that an extension changes has its own length, on hits too', async () => {
  const { server, get } = await cachedServer({ life })
  let visits = 0
  server.ext('onPreResponse', ({ response }, h) => {
    if (!('isBoom' in response)) {
      const changed = response as { source: unknown }
      const text = `${changed.source} for ${'x'.repeat(++visits)}`
      changed.source = typeof changed.source === 'string' ? text : Buffer.from(text)
    }
    return h.continue
  })
  server.route({ method: 'GET', path: '/page', handler: () => 'page' })
  for (const payload of ['page for x', 'page for xx', 'page for xxx']) {
    const answer = await get('/page')
    expect([answer.payload, answer.headers['content-length']]).toEqual([payload, payload.length])
  }
})
