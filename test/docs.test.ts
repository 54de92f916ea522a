// The docs are programs. Of README.md, docs/**/*.md and packages/*/README.md every `js` and `ts` block is run, as it
// stands there, and every `ts` block is compiled. What a block prints must be what its comments say (`// → text`). A
// block that starts a server is asked by the `curl` lines of the `sh` blocks below it, and so is each of several in a
// row; the comments under a line are what must come back: the status line, headers (`no Name`: without it), the body.
// `…` stands for anything, and a few seconds of `Age` and `ttl` may have passed.
import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { format, promisify } from 'node:util'
import type { Cache, CacheMessage } from '@restale/core'
import { settled } from '@restale/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { builtInProfiles } from '../packages/core/src/state/life.ts'
import type { Block } from './markdown.ts'
import { blocks, markdownFiles, read, root } from './markdown.ts'

const files = markdownFiles.filter((file) =>
  /^(?:README\.md|docs\/.*|packages\/[^/]+\/README\.md)$/.test(file),
)

// Here packages resolve as they do at the root, and the name is one that vitest transforms (`inline` in its config).
const parent = join(root, 'node_modules/.cache/@restale')
mkdirSync(parent, { recursive: true })
const folder = mkdtempSync(join(parent, 'docs-'))
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')

type Step =
  | { readonly kind: 'program'; readonly line: number; readonly file: string; readonly text: string }
  | { readonly kind: 'curl'; readonly line: number; readonly commands: readonly Command[] }

interface Command {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly expected: readonly string[]
}

const pages = files
  .map((file) => ({ file, steps: blocks(read(file)).flatMap((block) => stepsOf(file, block)) }))
  .filter(({ steps }) => steps.length > 0)

const servers: Server[] = []
const caches = new Set<Cache>()
const onStale = (message: unknown) => caches.add((message as CacheMessage).cache)

beforeAll(() => subscribe('restale:stale', onStale))

beforeEach(() => {
  const { listen } = Server.prototype
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    servers.push(this)
    return Reflect.apply(listen, this, args)
  })
  vi.stubEnv('PORT', '0')
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

afterAll(() => {
  unsubscribe('restale:stale', onStale)
  for (const server of servers) server.close().closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

test('the first example of the README is a whole server, and is asked', () => {
  const [program, ...rest] = pages.find(({ file }) => file === 'README.md')?.steps ?? []
  expect(program?.kind).toBe('program')
  expect(rest.filter((step) => step.kind === 'curl').flatMap((step) => step.commands).length).toBeGreaterThan(
    4,
  )
})

describe.each(pages)('$file', ({ file, steps }) => {
  let inARow: Server[] = []
  let isAsked = false

  test.each(steps)('line $line', async (step) => {
    if (step.kind === 'curl') {
      isAsked = true
      await converse(step.commands, inARow)
      return
    }
    const server = await run(step, environmentOf(file))
    if (server === undefined) return
    inARow = isAsked ? [server] : [...inARow, server]
    isAsked = false
  })
})

test('every TypeScript block compiles', { timeout: 60_000 }, async () => {
  const programs = pages.flatMap(({ steps }) => steps).filter((step) => step.kind === 'program')
  const config = {
    extends: '../../../../tsconfig.base.json',
    compilerOptions: {
      ...{ composite: false, declaration: false, declarationMap: false, sourceMap: false },
      noEmit: true,
      types: ['node'],
    },
    files: programs.map((program) => program.file).filter((name) => name.endsWith('.ts')),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder })
  const failure = await tsc.then(() => undefined).catch(({ stdout, message }) => stdout || message)
  expect(failure).toBeUndefined()
})

test('the table of profiles says what the code says', () => {
  const page = read('docs/freshness.md')
  const seconds = (value: number) =>
    value === Number.POSITIVE_INFINITY ? 'never' : value.toLocaleString('en-US')
  for (const [name, { stale, revalidate, expire }] of Object.entries(builtInProfiles)) {
    const cells = ['', `\`${name}\``, ...[stale, revalidate, expire].map(seconds), '']
    expect(page.replaceAll(/ +/g, ' ')).toContain(cells.join(' | ').trim())
  }
})

/** Runs a block, and gives the server that it has started, if any. */
async function run(
  { file, text }: Extract<Step, { kind: 'program' }>,
  environment: Readonly<Record<string, string>>,
): Promise<Server | undefined> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const before = servers.length
  await import(/* @vite-ignore */ join(folder, file))
  const printed = log.mock.calls.map((values) => format(...values))
  expect(printed).toEqual([...text.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]))
  const server = servers[before]
  if (server !== undefined && !server.listening) await once(server, 'listening')
  return server
}

async function converse(commands: readonly Command[], inARow: readonly Server[]): Promise<void> {
  if (inARow.length === 0) throw new Error('No block above this one has started a server')
  for (const server of inARow) for (const command of commands) await ask(command, server)
}

async function ask(command: Command, server: Server): Promise<void> {
  const response = await send(command, (server.address() as AddressInfo).port)
  const body = (await response.setEncoding('utf8').toArray()).join('').trim()
  const came = command.expected.map((line) => counterpart(line, response, body))
  const isAsExpected = command.expected.map((line, index) =>
    matches(line, inTime(line, came[index] as string)),
  )
  if (isAsExpected.includes(false)) expect(came).toEqual(command.expected)
  for (const cache of caches) await settled(cache)
}

async function send({ method, url, headers, body }: Command, port: number): Promise<IncomingMessage> {
  const { pathname, search } = url
  const outgoing = request({ port, path: pathname + search, method, headers, agent: false })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  return response
}

/** What came back in the place of an expected line. */
function counterpart(line: string, response: IncomingMessage, body: string): string {
  if (line.startsWith('HTTP/')) {
    return `HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}`
  }
  const [, absent, present] = /^(?:no ([A-Z][\w-]+)|([A-Z][\w-]+): .*)$/.exec(line) ?? []
  const name = absent ?? present
  if (name === undefined) return body
  const value = response.headers[name.toLowerCase()]
  return value === undefined ? `no ${name}` : `${name}: ${value}`
}

/** What came, with the seconds of the expected line if those that came are what is left of them on a slow machine. */
function inTime(expected: string, came: string): string {
  const seconds = /(?<=; ttl=)-?\d+|(?<=^Age: )\d+/
  const [before, now] = [expected, came].map((line) => Number(seconds.exec(line)?.[0] ?? Number.NaN)) as [
    number,
    number,
  ]
  const passed = came.startsWith('Age: ') ? now - before : before - now
  return passed >= 0 && passed <= 30 && now < 0 === before < 0 ? came.replace(seconds, String(before)) : came
}

function matches(expected: string, came: string): boolean {
  const [start, ...rest] = expected.split('…')
  let at = (start as string).length
  if (!came.startsWith(start as string)) return false
  for (const part of rest) {
    const found = came.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at === came.length || expected.endsWith('…')
}

function stepsOf(file: string, { language, text, line }: Block): Step[] {
  if (language === 'js' || language === 'ts') {
    const name = `${file.replaceAll(/\W+/g, '-')}-line-${line}.${language}`
    writeFileSync(join(folder, name), text)
    return [{ kind: 'program', line, file: name, text }]
  }
  const commands = language === 'sh' ? commandsOf(text) : []
  return commands.length === 0 ? [] : [{ kind: 'curl', line, commands }]
}

/** The `curl` lines of a block, with the comments under each. */
function commandsOf(text: string): Command[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n')
  return lines.flatMap((line, index) => {
    if (!line.startsWith('curl ')) return []
    const below = lines.slice(index + 1)
    const end = below.findIndex((other) => !other.startsWith('# '))
    const expected = below.slice(0, end < 0 ? undefined : end).map((comment) => comment.slice(2).trim())
    return [{ ...parseCurl(line), expected }]
  })
}

/** As much of curl as the docs use. */
function parseCurl(line: string): Omit<Command, 'expected'> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)]
    .map((match) => (match[1] ?? match[2]) as string)
    .slice(1)
  const headers: Record<string, string> = {}
  let method: string | undefined
  let body: string | undefined
  let url: URL | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-X') method = words.shift()
    else if (word === '-d') body = words.shift()
    else if (word === '-I') method = 'HEAD'
    else if (word === '-H') {
      const [name, ...value] = (words.shift() as string).split(': ')
      headers[name as string] = value.join(': ')
    } else if (!word.startsWith('-')) url = new URL(`http://${word}`)
    else if (word !== '-i') throw new Error(`The docs tests do not know curl ${word}`)
  }
  if (url === undefined) throw new Error(`No URL in: ${line}`)
  return { method: method ?? (body === undefined ? 'GET' : 'POST'), url, headers, body }
}

/** `NAME=value node server.mjs`: what the page says to start its programs with. */
function environmentOf(file: string): Record<string, string> {
  const lines = blocks(read(file)).flatMap(({ language, text }) =>
    language === 'sh' ? text.split('\n') : [],
  )
  const starts = lines.filter((line) => /^(?:\w+=\S+ )+node /.test(line))
  const pairs = starts.flatMap((line) => [...line.matchAll(/(\w+)=(\S+) /g)])
  return Object.fromEntries(pairs.map((pair) => [pair[1], pair[2]]))
}
