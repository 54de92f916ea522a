import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { themes } from '../src/cases/themes.ts'
import type { App, Exchange, Serve } from '../src/index.ts'
import { adapterContract } from '../src/index.ts'

type Registered = Map<string, () => Promise<void>>

function register(serve: Serve, cannot: Record<string, string> = {}): Registered {
  const cases: Registered = new Map()
  adapterContract('an adapter', serve, {
    describe: (_, define) => define(),
    it: (title, run) => cases.set(title, run),
    cannot,
  })
  return cases
}

const nowhere: Serve = () => Promise.reject(new Error('it serves nothing'))

/** A server that runs the first route of an application, and caches nothing. */
const uncached: Serve = async ({ parts }: App) => {
  const route = parts.find((part) => part.kind === 'route')
  const listener: RequestListener = async (_, response) => {
    const body = await route?.handle({} as Exchange)
    response.end(body)
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function find(cases: Registered, id: string): () => Promise<void> {
  const title = [...cases.keys()].find((candidate) => candidate.includes(`[${id}]`))
  return cases.get(title ?? '') as () => Promise<void>
}

describe('adapterContract', () => {
  it('gives each case a name of its own', () => {
    const ids = themes.flatMap(({ cases }) => cases.map(({ id }) => id))
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
    const titles = themes.flatMap(({ cases }) => cases.map(({ title }) => title))
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([])
  })

  it('fails an adapter that does not cache', async () => {
    await expect(find(register(uncached), 'hit')()).rejects.toThrow('Cache-Status')
  })

  it('fails an adapter that does not serve', async () => {
    await expect(find(register(nowhere), 'hit')()).rejects.toThrow('it serves nothing')
  })

  it('takes a case that cannot pass, with its reason in the title', async () => {
    const cases = register(uncached, { hit: 'it has no memory' })
    expect([...cases.keys()].filter((title) => title.includes('it has no memory'))).toHaveLength(3)
    await expect(find(cases, 'hit')()).resolves.toBeUndefined()
  })

  it('fails a case that cannot pass and does', async () => {
    const cases = register(uncached, { disabled: 'it has no memory' })
    await expect(find(cases, 'disabled')()).rejects.toThrow('take it out of `cannot`')
  })

  it('skips what the harness does not offer, and says so', () => {
    const run: string[] = []
    const skipped: string[] = []
    const register = Object.assign((title: string) => run.push(title), {
      skip: (title: string) => skipped.push(title),
    })
    adapterContract('an adapter', nowhere, {
      describe: (_, define) => define(),
      it: register,
      offers: ['tls'],
    })
    expect(skipped.filter((title) => title.endsWith('[body-file] (not offered: files)'))).toHaveLength(3)
    expect(run.filter((title) => title.includes('[refill-tls]'))).toHaveLength(3)
  })

  it('shows what is skipped in a runner that cannot skip', async () => {
    const cases = register(nowhere)
    const title = [...cases.keys()].find((each) => each.endsWith('(not offered: tls)')) ?? ''
    await expect(cases.get(title)?.()).resolves.toBeUndefined()
  })

  it('refuses a reason for a case that does not exist', () => {
    expect(() => register(nowhere, { 'no-such-case': 'a reason' })).toThrow('there is no such case')
  })
})
