// A tour through all that can happen to a cached response, over HTTP, with a clock that the tour moves.
import type { FakeClock } from '@restale/core/testing'
import { settled } from '@restale/core/testing'
import type { Bank } from './bank.ts'
import type { AtlasCache } from './cache.ts'
import type { Database } from './database.ts'
import type { RequestOptions } from './request.ts'
import { request } from './request.ts'
import type { Secrets } from './secret.ts'
import { signedWebhook } from './sign.ts'

export interface TourOptions {
  /** Of an app that nobody has asked anything yet. */
  readonly url: string
  readonly cache: AtlasCache
  readonly clock: FakeClock
  readonly database: Database
  readonly bank: Bank
  readonly secrets: Secrets
}

export interface Stop {
  readonly step: string
  readonly request: string
  readonly status: number
  readonly cacheStatus: string
  readonly age: string
  readonly ms: number
  /** Of the database, since the tour began, once all background work is done. */
  readonly queries: number
  /** How often the bank has been asked by then, and how often it said that nothing had changed. */
  readonly asked: number
  readonly notModified: number
}

export async function* tour({
  url,
  cache,
  clock,
  database,
  bank,
  secrets,
}: TourOptions): AsyncGenerator<Stop> {
  const bearer = { Authorization: `Bearer ${secrets.bearer}` }
  const before = database.queries
  let etag = ''

  const ask = async (step: string, path: string, options: RequestOptions = {}, host = url): Promise<Stop> => {
    const { status, headers, ms } = await request(host + path, options)
    await settled(cache)
    etag = headers.etag ?? etag
    return {
      step,
      request: `${options.method ?? 'GET'} ${path}`,
      status,
      cacheStatus: String(headers['cache-status'] ?? '-'),
      age: headers.age ?? '-',
      ms,
      queries: database.queries - before,
      asked: bank.asked,
      notModified: bank.notModified,
    }
  }

  yield await ask('nobody has asked before', '/statistics')
  yield await ask('again', '/statistics')
  yield await ask('by a client that has it', '/statistics', { headers: { 'If-None-Match': etag } })
  yield await ask('with a cookie, for all we know personal', '/statistics', { headers: { Cookie: 'id=1' } })

  clock.advance(61_000)
  yield await ask('61 s later: the old answer, at once', '/statistics')
  yield await ask('made anew meanwhile', '/statistics')

  clock.advance(3_600_000)
  yield await ask('an hour later: too old to be served', '/statistics')

  yield await ask('another page', '/countries/MYS')
  yield await ask('and one of its region', '/regions/asia')
  yield await ask('a write, to a neighbour', '/countries/IDN', json('PATCH', { capital: 'Nusantara' }))
  yield await ask('its neighbours show its capital', '/countries/MYS')
  yield await ask('as does its region', '/regions/asia')
  yield await ask('the statistics are of all countries', '/statistics')

  yield await ask('an admin: everything is stale', '/admin/refresh', { method: 'POST', headers: bearer })
  yield await ask('the old answer, at once', '/statistics')
  yield await ask('made anew meanwhile', '/statistics')

  yield await ask('from outside, without the secret', '/api/revalidate?tag=world')
  yield await ask('from outside, with it: stale', '/api/revalidate?tag=world', { headers: bearer })
  yield await ask('the old answer, at once', '/statistics')
  yield await ask(
    'from outside: expired',
    '/api/revalidate',
    json('POST', { tag: 'world', expire: 0 }, bearer),
  )
  yield await ask('nobody gets the old answer', '/statistics')

  const tell = (step: string, type: string, data: unknown) =>
    ask(step, '/api/revalidate/webhook', signedWebhook(secrets.webhook, { type, data }, clock.now()))
  yield await tell('a signed webhook: expired', 'country.updated', { code: 'IDN', region: 'Asia' })
  yield await ask('nobody gets the old answer', '/statistics')
  yield await ask('again', '/statistics')

  yield await ask('made of a query and of another API', '/countries/IDN/currencies')
  yield await ask('again', '/countries/IDN/currencies')
  clock.advance(61_000)
  yield await ask('61 s later: the old answer, at once', '/countries/IDN/currencies')
  yield await ask('the bank had said: good for a day', '/countries/IDN/currencies')
  yield await ask('a tag that only the bank knows: stale', '/api/revalidate?tag=currency:IDR', {
    headers: bearer,
  })
  yield await ask('the old answer, at once', '/countries/IDN/currencies')
  yield await ask('renewed: nothing had changed', '/countries/IDN/currencies')
  yield await ask('a country with another currency', '/countries/MYS/currencies')
  yield await ask('a change, at the bank', '/currencies/IDR', json('PATCH', { symbol: 'Rp.' }), bank.url)
  yield await tell('the bank says so: expired', 'currency.updated', { code: 'IDR' })
  yield await ask('nobody gets the old answer', '/countries/IDN/currencies')
  yield await ask('the other one is as it was', '/countries/MYS/currencies')
}

const json = (method: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  method,
  headers: { ...headers, 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})
