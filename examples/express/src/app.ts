// The Express app. The order of its middleware is the point: see the comments.
import { responseCache, revalidateEndpoint } from '@restale/express'
import compression from 'compression'
import type { Express, Request } from 'express'
import express from 'express'
import helmet from 'helmet'
import { accessLog } from './access-log.ts'
import { createAtlas, tags } from './atlas.ts'
import type { AtlasCache } from './cache.ts'
import { readChanges } from './changes.ts'
import { currenciesFrom } from './currencies.ts'
import type { Database } from './database.ts'
import { HttpError, notFound, onError } from './errors.ts'
import type { Secrets } from './secret.ts'
import { requireBearer } from './secret.ts'
import { webhook } from './webhook.ts'

export interface AppOptions {
  readonly cache: AtlasCache
  readonly database: Database
  /** Where the other API is, that tells of currencies. */
  readonly bankUrl: string
  readonly secrets: Secrets
  readonly log: (line: string) => void
}

export function createApp({ cache, database, bankUrl, secrets, log }: AppOptions): Express {
  const { cacheLife } = cache
  const atlas = createAtlas(cache, database)
  const currenciesOf = currenciesFrom(cache, bankUrl)
  const app = express()

  // Above the cache: what each response gets anew, also when it comes from the cache.
  app.use(accessLog(log))
  app.use(helmet())
  app.use(compression())

  // Above body parsers: the signature of a webhook covers the bytes that were sent.
  app.use(
    '/api/revalidate',
    revalidateEndpoint(cache, { secret: secrets.bearer, webhook: webhook(secrets.webhook) }),
  )

  // Looks at every request below, and caches only what opts in.
  app.use(responseCache(cache))

  app.get('/', (_req, res) => {
    const countries = ['/countries', '/countries/FRA', '/countries/FRA/currencies']
    res.json({ try: [...countries, '/regions/europe', '/search?q=land', '/statistics'] })
  })

  // `cacheLife` opts the response in. Its tags are those of what it is made of.
  app.get('/countries', async (_req, res) => {
    cacheLife('atlas')
    res.json(await atlas.listCountries())
  })

  app.get('/countries/:code', async (req, res) => {
    cacheLife('atlas')
    res.json(found(await atlas.getCountry(readCode(req.params.code))))
  })

  // Made of a cached function and of a cached fetch: it has the tags of both, those that the bank names included.
  app.get('/countries/:code/currencies', async (req, res) => {
    cacheLife('atlas')
    const { code, name } = found(await atlas.getCountry(readCode(req.params.code)))
    res.json({ code, name, currencies: await currenciesOf(code) })
  })

  app.get('/statistics', async (_req, res) => {
    cacheLife('atlas')
    res.json(await atlas.regionStatistics())
  })

  // Only `q` makes a difference: links that carry a tracking parameter share one entry.
  app.get('/search', responseCache(cache, { key: { query: ['q'] }, life: 'atlas' }), async (req, res) => {
    res.json(await atlas.searchCountries(readText(req.query.q)))
  })

  // Everything said in the options: the handler need not know that there is a cache.
  app.get('/regions/:region', responseCache(cache, { tags: regionTags, life: 'atlas' }), async (req, res) => {
    const countries = await atlas.countriesOfRegion(req.params.region)
    if (countries.length === 0) throw new HttpError(404, 'There is no such region')
    res.json(countries)
  })

  // `updateTag`, in there, has expired the old answers before this one goes out: who writes, reads it.
  app.patch('/countries/:code', express.json({ limit: '10kb' }), async (req, res) => {
    res.json(found(await atlas.updateCountry(readCode(req.params.code), readChanges(req.body))))
  })

  app.post('/admin/refresh', requireBearer(secrets.bearer), async (_req, res) => {
    res.json(await atlas.refreshEverything())
  })

  app.use(notFound)
  app.use(onError)
  return app
}

const regionTags = (req: Request) => [tags.countries, tags.region(String(req.params.region))]

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new HttpError(404, 'There is no such country')
  return value
}

/** One spelling, so that `/countries/fra` and `/countries/FRA` share what is cached below them. */
function readCode(code: string): string {
  if (/^[a-z]{3}$/i.test(code)) return code.toUpperCase()
  throw new HttpError(404, 'There is no such country')
}

function readText(text: unknown): string {
  if (typeof text === 'string' && text.trim() !== '' && text.length <= 50) return text.trim()
  throw new HttpError(400, 'Search with ?q=, a text of 1 to 50 characters')
}
