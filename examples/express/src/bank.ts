// Somebody else's API, on a server of its own: which currencies a country uses. It knows nothing of the atlas. It says
// of each answer how long it holds, and in `Cache-Tag` what it is made of.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Listening } from './listen.ts'
import { listen } from './listen.ts'
import { readCountries } from './world.ts'

export interface Currency {
  readonly code: string
  readonly name: string
  readonly symbol: string
}

export interface Bank extends Listening {
  /** GET requests since it was opened. */
  readonly asked: number
  /** Those of them to which it said that nothing has changed. */
  readonly notModified: number
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly tags?: readonly string[]
}

/** Listens on any port that is free. */
export async function openBank(log: (line: string) => void = () => {}): Promise<Bank> {
  const books = openBooks()
  let asked = 0
  let notModified = 0
  const server = await listen(async (req, res) => {
    send(req, res, await answer(books, req))
    if (req.method === 'GET') asked++
    if (res.statusCode === 304) notModified++
    log(`  bank: ${req.method} ${req.url} ${res.statusCode}`)
  }, 0)
  return {
    ...server,
    get asked() {
      return asked
    },
    get notModified() {
      return notModified
    },
  }
}

interface Books {
  readonly currencies: Map<string, Currency>
  /** Codes of currencies, by the code of the country. */
  readonly usedBy: ReadonlyMap<string, readonly string[]>
}

function openBooks(): Books {
  const countries = readCountries()
  const currencies = countries.flatMap((country) => Object.entries(country.currencies))
  return {
    currencies: new Map(currencies.map(([code, { name, symbol }]) => [code, { code, name, symbol }])),
    usedBy: new Map(countries.map((country) => [country.cca3, Object.keys(country.currencies)])),
  }
}

async function answer(books: Books, req: IncomingMessage): Promise<Answer> {
  const [, kind, code = ''] = (req.url ?? '').split('/')
  if (req.method === 'GET' && kind === 'countries') return currenciesOf(books, code)
  if (req.method === 'PATCH' && kind === 'currencies') return changeSymbol(books, code, await readSymbol(req))
  return { status: 404, body: { error: 'Not found' } }
}

function currenciesOf({ currencies, usedBy }: Books, country: string): Answer {
  const codes = usedBy.get(country)
  if (codes === undefined) return { status: 404, body: { error: 'No such country' } }
  return {
    status: 200,
    body: codes.map((code) => currencies.get(code)),
    tags: codes.map((code) => `currency:${code}`),
  }
}

function changeSymbol({ currencies }: Books, code: string, symbol: string | undefined): Answer {
  const currency = currencies.get(code)
  if (currency === undefined) return { status: 404, body: { error: 'No such currency' } }
  if (symbol === undefined) return { status: 400, body: { error: 'symbol: must be a text' } }
  const changed = { ...currency, symbol }
  currencies.set(code, changed)
  return { status: 200, body: changed }
}

async function readSymbol(req: IncomingMessage): Promise<string | undefined> {
  const { symbol } = ((await json(req).catch(() => undefined)) ?? {}) as { symbol?: unknown }
  return typeof symbol === 'string' ? symbol : undefined
}

/** What can be kept comes with a validator; who has that already gets no body. */
function send(req: IncomingMessage, res: ServerResponse, { status, body, tags }: Answer): void {
  const content = JSON.stringify(body)
  res.setHeader('Content-Type', 'application/json')
  if (tags === undefined) return void res.writeHead(status).end(content)
  const etag = `"${createHash('sha256').update(content).digest('base64url')}"`
  res.setHeader('ETag', etag)
  res.setHeader('Cache-Tag', tags.join(','))
  res.setHeader('Cache-Control', 'max-age=86400')
  if (req.headers['if-none-match'] === etag) res.writeHead(304).end()
  else res.writeHead(status).end(content)
}
