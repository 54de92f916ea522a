// The whole story over real sockets, with a clock that the test moves. What ran a handler shows in the database's
// count of queries, and what asked the other API in the bank's count of questions.
import { fakeClock, settled } from '@restale/core/testing'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import type { Country } from '../src/atlas.ts'
import { openBank } from '../src/bank.ts'
import { openCache } from '../src/cache.ts'
import type { Database } from '../src/database.ts'
import { openDatabase } from '../src/database.ts'
import { listen } from '../src/listen.ts'
import type { RequestOptions } from '../src/request.ts'
import { request } from '../src/request.ts'
import { readSecrets } from '../src/secret.ts'
import { signedWebhook } from '../src/sign.ts'
import { tour } from '../src/tour.ts'

const secrets = readSecrets({})
const bearer = { Authorization: `Bearer ${secrets.bearer}` }
// there was nothing; or nothing that could still be used
const stored = 'restale; fwd=uri-miss; stored'
const renewed = 'restale; fwd=stale; stored'
/** Expired by its age alone, so that Express could say by its ETag that nothing has changed. */
const validated = 'restale; fwd=stale; fwd-status=304; stored'
const hit = (ttl: number) => `restale; hit; ttl=${ttl}`

let postgres: Database
const cleanUps: (() => Promise<void>)[] = []

beforeAll(async () => {
  postgres = await openDatabase()
}, 60_000)

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

afterAll(() => postgres.close())

/** The database, whose queries can be held back, made to fail, and counted from now. */
function controlled(database: Database) {
  const before = database.queries
  let gate = Promise.resolve()
  let waiting = 0
  let isBroken = false
  return {
    /** Queries that are being held back. */
    get waiting() {
      return waiting
    },
    get queries() {
      return database.queries - before
    },
    async query<Row>(sql: string, parameters?: readonly unknown[]) {
      waiting++
      await gate
      waiting--
      if (isBroken) throw new Error('The database is out of order')
      return database.query<Row>(sql, parameters)
    },
    close: async () => {},
    breakDown: () => {
      isBroken = true
    },
    /** Holds back queries until the returned function is called. */
    hold(): () => void {
      let release = () => {}
      gate = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
  }
}

/** An app of its own for each test, with an empty cache, on a free port. */
async function start() {
  const clock = fakeClock()
  const cache = openCache({ clock })
  const database = controlled(postgres)
  const bank = await openBank()
  const lines: string[] = []
  const app = createApp({ cache, database, bankUrl: bank.url, secrets, log: (line) => lines.push(line) })
  const { url, close } = await listen(app, 0)
  cleanUps.push(bank.close, () => cache.close(), close)

  const ask = async (path: string, options?: RequestOptions) => {
    const { status, headers, body } = await request(new URL(path, url).href, options)
    const isJson = headers['content-type']?.includes('json') && headers['content-encoding'] === undefined
    return {
      status,
      headers,
      cacheStatus: headers['cache-status'],
      body: isJson ? (JSON.parse(body.toString()) as unknown) : body.toString(),
    }
  }
  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const tell = (type: string, data: unknown) =>
    ask('/api/revalidate/webhook', signedWebhook(secrets.webhook, { type, data }, clock.now()))
  return { url, clock, cache, database, bank, lines, ask, send, tell, settled: () => settled(cache) }
}

test('a response is made once, then served from memory with its age', async () => {
  const { ask, clock, database } = await start()

  const first = await ask('/countries/FRA')
  expect(first).toMatchObject({
    status: 200,
    cacheStatus: stored,
    body: { name: 'France', region: 'Europe' },
  })
  expect(first.headers['cache-control']).toBe('max-age=0, must-revalidate')
  expect(database.queries).toBe(1)

  clock.advance(5_000)
  const second = await ask('/countries/FRA')
  expect(second).toMatchObject({ status: 200, cacheStatus: hit(55), body: first.body })
  expect(second.headers.age).toBe('5')
  expect(second.headers.etag).toBe(first.headers.etag)
  expect(second.headers['content-security-policy']).toBeDefined()
  expect(database.queries).toBe(1)
})

test('a client that has it gets 304', async () => {
  const { ask, database } = await start()
  const { headers } = await ask('/countries')
  const again = await ask('/countries', { headers: { 'If-None-Match': String(headers.etag) } })
  expect(again).toMatchObject({ status: 304, cacheStatus: hit(60), body: '' })
  const other = await ask('/countries', { headers: { 'If-None-Match': '"other"' } })
  expect(other).toMatchObject({ status: 200, cacheStatus: hit(60) })
  expect(database.queries).toBe(1)
})

test('compression stands above the cache: one entry serves both', async () => {
  const { ask, database } = await start()
  const packed = await ask('/countries', { headers: { 'Accept-Encoding': 'gzip' } })
  expect(packed.headers['content-encoding']).toBe('gzip')
  const plain = await ask('/countries')
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.cacheStatus).toBe(hit(60))
  const again = await ask('/countries', { headers: { 'Accept-Encoding': 'gzip' } })
  expect(again.headers).toMatchObject({ 'content-encoding': 'gzip', 'cache-status': hit(60) })
  expect(database.queries).toBe(1)
})

test('stale: the old answer at once, the new one behind', async () => {
  const { ask, clock, database, lines, settled } = await start()
  const { body } = await ask('/countries/FRA')

  clock.advance(63_000)
  const release = database.hold()
  const stale = await ask('/countries/FRA')
  expect(stale).toMatchObject({ status: 200, cacheStatus: hit(-3), body })
  expect(stale.headers.age).toBe('63')
  // it came although its successor cannot: that one, and no second one, waits for the database
  expect(await ask('/countries/FRA')).toMatchObject({ cacheStatus: hit(-3) })
  await expect.poll(() => database.waiting).toBe(1)
  expect(database.queries).toBe(1)

  release()
  await settled()
  expect(database.queries).toBe(2)
  expect(await ask('/countries/FRA')).toMatchObject({ cacheStatus: hit(60), body })
  expect(database.queries).toBe(2)
  expect(lines.filter((line) => line.includes('refill'))).toHaveLength(1)
})

test('expired: who asks waits for a new answer', async () => {
  const { ask, clock, database } = await start()
  await ask('/regions/europe')
  clock.advance(3_600_000)
  expect(await ask('/regions/europe')).toMatchObject({ status: 200, cacheStatus: validated })
  expect(database.queries).toBe(2)
})

test('a crowd asks a cold route, and the database is asked once', async () => {
  const { ask, database } = await start()
  const release = database.hold()
  const crowd = Promise.all(Array.from({ length: 50 }, () => ask('/statistics')))
  await expect.poll(() => database.waiting).toBe(1)
  release()
  for (const { status } of await crowd) expect(status).toBe(200)
  expect(database.queries).toBe(1)
})

test('a write is read by whoever asks next, and expires nothing else', async () => {
  const { ask, send, database } = await start()
  const capitalOf = async (code: string) => ((await ask(`/countries/${code}`)).body as Country).capital
  const before = await capitalOf('IDN')
  for (const path of ['/countries', '/countries/MYS', '/countries/FRA', '/regions/asia', '/regions/europe']) {
    expect((await ask(path)).cacheStatus).toBe(stored)
  }
  expect(database.queries).toBe(6)

  const capital = before === 'Nusantara' ? 'Jakarta' : 'Nusantara'
  const patched = await send('PATCH', '/countries/IDN', { capital })
  expect(patched).toMatchObject({ status: 200, body: { code: 'IDN', capital } })
  expect(database.queries).toBe(8)

  // the one, its neighbour that shows its capital, its region, and the list of all
  const own = await ask('/countries/IDN')
  expect(own).toMatchObject({ cacheStatus: renewed, body: { capital } })
  const neighbour = await ask('/countries/MYS')
  expect(neighbour.cacheStatus).toBe(renewed)
  expect((neighbour.body as Country).neighbours).toContainEqual({ code: 'IDN', name: 'Indonesia', capital })
  expect((await ask('/regions/asia')).cacheStatus).toBe(renewed)
  expect((await ask('/countries')).cacheStatus).toBe(renewed)
  // the function behind /countries/IDN had been called by the PATCH already
  expect(database.queries).toBe(11)

  expect((await ask('/countries/FRA')).cacheStatus).toBe(hit(60))
  expect((await ask('/regions/europe')).cacheStatus).toBe(hit(60))
  expect(database.queries).toBe(11)
})

test.each([
  ['no object', [], 'The body must be a JSON object'],
  ['nothing to change', {}, 'The body must have at least one of name, capital, areaKm2'],
  ['an unknown field', { anthem: 'la' }, '"anthem" cannot be changed, only name, capital, areaKm2'],
  ['an empty name', { name: ' ' }, '"name" must be a text of 1 to 100 characters'],
  [
    'a text as area',
    { areaKm2: '5' },
    '"areaKm2" must be a number above 0 and below the surface of the Earth',
  ],
])('a PATCH with %s is refused, and changes nothing', async (_what, body, error) => {
  const { ask, send, database } = await start()
  await ask('/countries/FRA')
  expect(await send('PATCH', '/countries/FRA', body)).toMatchObject({ status: 400, body: { error } })
  expect(await ask('/countries/FRA')).toMatchObject({ cacheStatus: hit(60) })
  expect(database.queries).toBe(1)
})

test('what is the client’s mistake is said, and not stored', async () => {
  const { ask, send } = await start()
  const json = { 'Content-Type': 'application/json' }
  expect(await ask('/countries/FRA', { method: 'PATCH', headers: json, body: '{' })).toMatchObject({
    status: 400,
  })
  expect(await send('PATCH', '/countries/ZZZ', { capital: 'Nowhere' })).toMatchObject({ status: 404 })
  for (const path of ['/countries/ZZZ', '/countries/france', '/regions/atlantis', '/nowhere']) {
    expect((await ask(path)).status).toBe(404)
    expect((await ask(path)).cacheStatus ?? '').not.toContain('hit')
  }
  expect((await ask('/search')).status).toBe(400)
  expect((await ask('/search?q=a&q=b')).status).toBe(400)
})

test('a query parameter that makes no difference makes no entry', async () => {
  const { ask, database } = await start()
  const found = await ask('/search?q=Land&utm_source=mail')
  expect(found).toMatchObject({ cacheStatus: stored })
  expect(await ask('/search?q=Land')).toMatchObject({ cacheStatus: hit(60), body: found.body })
  expect(await ask('/search?q=Finland')).toMatchObject({ cacheStatus: stored, body: [{ code: 'FIN' }] })
  expect(database.queries).toBe(2)
})

test('quotes in a search are text, not SQL', async () => {
  const { ask } = await start()
  const none = await ask(`/search?q=${encodeURIComponent("'; drop table country; --")}`)
  expect(none).toMatchObject({ status: 200, body: [] })
  expect(await ask('/search?q=%25')).toMatchObject({ status: 200, body: [] })
  expect((await ask('/countries/FRA')).status).toBe(200)
})

test('cookies and credentials go past the stored responses; nothing is stored that has not opted in', async () => {
  const { ask, database } = await start()
  await ask('/statistics')
  const withCookie = await ask('/statistics', { headers: { Cookie: 'id=1' } })
  expect(withCookie).toMatchObject({ status: 200, cacheStatus: 'restale; fwd=bypass; detail=cookie' })
  // its handler ran, and the function that it calls was still cached
  expect(database.queries).toBe(1)

  await ask('/')
  expect((await ask('/')).cacheStatus ?? '').not.toContain('hit')
})

test('the admin makes everything stale: at hit speed once more, then new', async () => {
  const { ask, database, settled } = await start()
  await ask('/regions/africa')
  await ask('/countries/KEN')
  expect(await ask('/admin/refresh', { method: 'POST' })).toMatchObject({ status: 401 })
  const wrong = { Authorization: 'Bearer wrong' }
  expect(await ask('/admin/refresh', { method: 'POST', headers: wrong })).toMatchObject({ status: 401 })
  expect((await ask('/countries/KEN')).cacheStatus).toBe(hit(60))
  expect(database.queries).toBe(2)

  const refreshed = await ask('/admin/refresh', { method: 'POST', headers: bearer })
  expect(refreshed).toMatchObject({ status: 200, body: { tags: ['countries', 'currencies'] } })
  for (const path of ['/regions/africa', '/countries/KEN']) {
    expect((await ask(path)).cacheStatus).toMatch(/^restale; hit; ttl=-?\d+/)
  }
  await settled()
  expect(database.queries).toBe(4)
  expect((await ask('/countries/KEN')).cacheStatus).toBe(hit(60))
  expect((await ask('/regions/africa')).cacheStatus).toBe(hit(60))
  expect(database.queries).toBe(4)
})

test('the endpoint is closed without the secret', async () => {
  const { ask, send, database } = await start()
  await ask('/countries/FRA')
  const bodies = [
    await ask('/api/revalidate?tag=country:FRA'),
    await ask('/api/revalidate?tag=country:FRA', { headers: { Authorization: 'Bearer wrong' } }),
    await send('POST', '/api/revalidate', { tag: 'country:FRA', expire: 0 }),
  ]
  for (const { status, body } of bodies) {
    expect(status).toBe(401)
    expect(body).toEqual(bodies[0]?.body)
  }
  expect((await ask('/countries/FRA')).cacheStatus).toBe(hit(60))
  expect(database.queries).toBe(1)
})

test('the endpoint makes a tag stale, or expires it', async () => {
  const { ask, send, database, settled } = await start()
  await ask('/countries/FRA')

  const soft = await ask('/api/revalidate?tag=country:FRA', { headers: bearer })
  expect(soft).toMatchObject({ status: 200, body: { revalidated: true } })
  expect(soft.headers['cache-control']).toContain('no-store')
  expect((await ask('/countries/FRA')).cacheStatus).toContain('restale; hit')
  await settled()
  expect(database.queries).toBe(2)
  expect((await ask('/countries/FRA')).cacheStatus).toBe(hit(60))

  const hard = await send('POST', '/api/revalidate', { tags: ['country:FRA'], expire: 0 }, bearer)
  expect(hard).toMatchObject({ status: 200, body: { revalidated: true } })
  expect((await ask('/countries/FRA')).cacheStatus).toBe(renewed)
  expect(database.queries).toBe(3)

  // a path is of responses: the function below keeps its value
  const path = await send('POST', '/api/revalidate', { path: '/countries', type: 'layout' }, bearer)
  expect(path.status).toBe(200)
  expect((await ask('/countries/FRA')).cacheStatus).toBe(renewed)
  expect(database.queries).toBe(3)

  expect((await send('POST', '/api/revalidate', { tag: 'world', profile: 'nope' }, bearer)).status).toBe(400)
})

test('a signed webhook expires a tag; a forged, an old or a repeated one does not', async () => {
  const { ask, clock, database } = await start()
  const path = '/api/revalidate/webhook'
  const sign = (event: unknown, sentAt = clock.now()) => signedWebhook(secrets.webhook, event, sentAt)
  const event = { type: 'country.updated', data: { code: 'FRA', region: 'Europe' } }
  await ask('/countries/FRA')

  const signed = sign(event)
  const forged = { ...signed, body: JSON.stringify({ ...event, data: { code: 'DEU', region: 'Europe' } }) }
  const old = sign(event, clock.now() - 600_000)
  expect((await ask(path, forged)).status).toBe(401)
  expect((await ask(path, old)).status).toBe(401)
  expect((await ask('/countries/FRA')).cacheStatus).toBe(hit(60))

  expect(await ask(path, signed)).toMatchObject({ status: 200, body: { ok: true } })
  expect((await ask('/countries/FRA')).cacheStatus).toBe(renewed)
  expect(database.queries).toBe(2)

  expect((await ask(path, signed)).status).toBe(401)
  expect((await ask(path, sign({ type: 'user.created' }))).status).toBe(200)
  expect((await ask(path, sign({ type: 'country.updated' }))).status).toBe(400)
  expect((await ask('/countries/FRA')).cacheStatus).toBe(hit(60))
})

const rupiah = { code: 'IDR', name: 'Indonesian rupiah', symbol: 'Rp' }
const soften = (tag: string) => [`/api/revalidate?tag=${tag}`, { headers: bearer }] as const

test('a response that is made of a function and of a fetch has the tags of both', async () => {
  const { ask, send, tell, database, bank } = await start()
  const paths = ['/countries/FRA/currencies', '/countries/FIN/currencies', '/countries/IDN/currencies']
  const statuses = async () => {
    const replies = []
    for (const path of paths) replies.push((await ask(path)).cacheStatus)
    return replies
  }
  expect(await statuses()).toEqual([stored, stored, stored])
  expect(await statuses()).toEqual([hit(60), hit(60), hit(60)])
  expect((await ask('/countries/IDN/currencies')).body).toEqual({
    code: 'IDN',
    name: 'Indonesia',
    currencies: [rupiah],
  })
  expect([database.queries, bank.asked]).toEqual([3, 3])

  // of the function: the bank is not asked again
  await send('PATCH', '/countries/FRA', { capital: 'Paris' })
  expect(await statuses()).toEqual([renewed, hit(60), hit(60)])
  expect([database.queries, bank.asked]).toEqual([5, 3])

  // of the fetch, named by the bank alone: the database is not asked again
  expect((await tell('currency.updated', { code: 'EUR' })).status).toBe(200)
  expect(await statuses()).toEqual([renewed, renewed, hit(60)])
  expect([database.queries, bank.asked, bank.notModified]).toEqual([5, 5, 0])

  expect((await tell('currency.updated', {})).status).toBe(400)
})

test('a stale fetch asks whether anything has changed', async () => {
  const { ask, send, settled, database, bank } = await start()
  const path = '/countries/IDN/currencies'
  const { body, headers } = await ask(path)

  await ask(...soften('currency:IDR'))
  expect(await ask(path)).toMatchObject({ cacheStatus: hit(-1), body })
  await settled()
  expect([database.queries, bank.asked, bank.notModified]).toEqual([1, 2, 1])
  const unchanged = await ask(path)
  expect(unchanged).toMatchObject({ cacheStatus: hit(60), body })
  expect(unchanged.headers.etag).toBe(headers.etag)

  const changed = { ...rupiah, symbol: 'Rp.' }
  const change = await send('PATCH', `${bank.url}/currencies/IDR`, { symbol: 'Rp.' })
  expect(change).toMatchObject({ status: 200, body: changed })
  await ask(...soften('currency:IDR'))
  expect(await ask(path)).toMatchObject({ cacheStatus: hit(-1), body })
  await settled()
  expect(await ask(path)).toMatchObject({ cacheStatus: hit(60), body: { currencies: [changed] } })
  expect([database.queries, bank.asked, bank.notModified]).toEqual([1, 3, 1])
})

test('the bank says how long its answer holds', async () => {
  const { ask, clock, database, bank } = await start()
  const path = '/countries/IDN/currencies'
  const { body } = await ask(path)
  clock.advance(3_600_000)
  expect(await ask(path)).toMatchObject({ cacheStatus: validated, body })
  expect([database.queries, bank.asked]).toEqual([2, 1])
  clock.advance(86_400_000)
  expect(await ask(path)).toMatchObject({ cacheStatus: validated, body })
  expect([database.queries, bank.asked, bank.notModified]).toEqual([3, 2, 1])
})

test('the bank is closed: what it has said is served as long as it holds', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { ask, clock, settled, bank } = await start()
  const path = '/countries/IDN/currencies'
  const { body } = await ask(path)
  await bank.close()
  clock.advance(3_600_000)
  expect(await ask(path)).toMatchObject({ cacheStatus: validated, body })

  await ask(...soften('currencies'))
  expect(await ask(path)).toMatchObject({ cacheStatus: hit(-1), body })
  await settled()
  expect(await ask(path)).toMatchObject({ cacheStatus: hit(-1), body })

  clock.advance(86_400_000)
  expect(await ask(path)).toMatchObject({ status: 500, cacheStatus: 'restale; fwd=stale; detail=status-500' })
  logged.mockRestore()
})

test('statistics of yesterday are better than none, but are not kept', async () => {
  const { ask, clock, database, tell } = await start()
  const { body } = await ask('/statistics')

  clock.advance(3_600_000)
  const release = database.hold()
  const slow = ask('/statistics')
  await expect.poll(() => database.waiting).toBe(1)
  clock.advance(5_000)
  expect(await slow).toMatchObject({ status: 200, body })
  release()
  const fresh = async () => (await ask('/statistics')).cacheStatus
  await expect.poll(fresh, { timeout: 10_000 }).toContain('hit')

  clock.advance(3_600_000)
  database.breakDown()
  const old = await ask('/statistics')
  expect(old).toMatchObject({ status: 200, body })
  expect(old.cacheStatus).not.toContain('stored')

  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  await tell('country.updated', { code: 'FRA', region: 'Europe' })
  expect((await ask('/statistics')).status).toBe(500)
  logged.mockRestore()
})

test('the walk goes through every state', async () => {
  const { url, cache, clock, database, bank } = await start()
  const lines: string[] = []
  for await (const stop of tour({ url, cache, clock, database, bank, secrets })) {
    const costs = [stop.queries, stop.asked, stop.notModified].join(' ')
    lines.push(`${costs} ${stop.request} ${stop.status} ${stop.cacheStatus}`)
  }
  expect(lines).toEqual([
    '1 0 0 GET /statistics 200 restale; fwd=uri-miss; stored',
    '1 0 0 GET /statistics 200 restale; hit; ttl=60',
    '1 0 0 GET /statistics 304 restale; hit; ttl=60',
    '1 0 0 GET /statistics 200 restale; fwd=bypass; detail=cookie',
    '2 0 0 GET /statistics 200 restale; hit; ttl=-1',
    '2 0 0 GET /statistics 200 restale; hit; ttl=60',
    '3 0 0 GET /statistics 200 restale; fwd=stale; fwd-status=304; stored',
    '4 0 0 GET /countries/MYS 200 restale; fwd=uri-miss; stored',
    '5 0 0 GET /regions/asia 200 restale; fwd=uri-miss; stored',
    '7 0 0 PATCH /countries/IDN 200 restale; fwd=method',
    '8 0 0 GET /countries/MYS 200 restale; fwd=stale; stored',
    '9 0 0 GET /regions/asia 200 restale; fwd=stale; stored',
    '10 0 0 GET /statistics 200 restale; fwd=stale; stored',
    '10 0 0 POST /admin/refresh 200 restale; fwd=method',
    '11 0 0 GET /statistics 200 restale; hit; ttl=-1',
    '11 0 0 GET /statistics 200 restale; hit; ttl=60',
    '11 0 0 GET /api/revalidate?tag=world 401 -',
    '11 0 0 GET /api/revalidate?tag=world 200 -',
    '12 0 0 GET /statistics 200 restale; hit; ttl=-1',
    '12 0 0 POST /api/revalidate 200 -',
    '13 0 0 GET /statistics 200 restale; fwd=stale; stored',
    '13 0 0 POST /api/revalidate/webhook 200 -',
    '14 0 0 GET /statistics 200 restale; fwd=stale; stored',
    '14 0 0 GET /statistics 200 restale; hit; ttl=60',
    '15 1 0 GET /countries/IDN/currencies 200 restale; fwd=uri-miss; stored',
    '15 1 0 GET /countries/IDN/currencies 200 restale; hit; ttl=60',
    '16 1 0 GET /countries/IDN/currencies 200 restale; hit; ttl=-1',
    '16 1 0 GET /countries/IDN/currencies 200 restale; hit; ttl=60',
    '16 1 0 GET /api/revalidate?tag=currency:IDR 200 -',
    '16 2 1 GET /countries/IDN/currencies 200 restale; hit; ttl=-1',
    '16 2 1 GET /countries/IDN/currencies 200 restale; hit; ttl=60',
    '17 3 1 GET /countries/MYS/currencies 200 restale; fwd=uri-miss; stored',
    '17 3 1 PATCH /currencies/IDR 200 -',
    '17 3 1 POST /api/revalidate/webhook 200 -',
    '17 4 1 GET /countries/IDN/currencies 200 restale; fwd=stale; stored',
    '17 4 1 GET /countries/MYS/currencies 200 restale; hit; ttl=60',
  ])
})
