import type { StorePort } from '@restale/core/store'
import { describe, expect, it } from 'vitest'
import type { OpenStore, StoreOffer } from '../src/index.ts'
import { storeContract } from '../src/index.ts'
import { themes } from '../src/store/cases/themes.ts'
import { MemoryStore } from './store/memory-store.ts'
import { mutants } from './store/mutants.ts'

const both: readonly StoreOffer[] = ['peek', 'watch']

storeContract(
  'a store in this process',
  opener(() => new MemoryStore()),
  { describe, it, offers: both },
)

function opener(create: () => MemoryStore): OpenStore {
  return () => {
    const store = create()
    return { port: () => store.port(), close: () => {} }
  }
}

type Registered = Map<string, () => Promise<void>>

function register(open: OpenStore, offers = both): Registered {
  const cases: Registered = new Map()
  storeContract('a store', open, {
    describe: (_, define) => define(),
    it: (title, run) => cases.set(title, run),
    offers,
  })
  return cases
}

function find(cases: Registered, id: string): () => Promise<void> {
  const title = [...cases.keys()].find((candidate) => candidate.endsWith(`[${id}]`))
  return cases.get(title ?? '') as () => Promise<void>
}

describe('storeContract', () => {
  it('gives each case a name of its own', () => {
    const ids = themes.flatMap(({ cases }) => cases.map(({ id }) => id))
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
    const titles = themes.flatMap(({ cases }) => cases.map(({ title }) => title))
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([])
  })

  it('skips what the ports do not have, and says so', () => {
    const skipped: string[] = []
    const run: string[] = []
    const it = Object.assign((title: string) => run.push(title), {
      skip: (title: string) => skipped.push(title),
    })
    const open = opener(() => new MemoryStore())
    storeContract('a store', open, { describe: (_, define) => define(), it, offers: ['peek'] })
    expect(skipped.length).toBeGreaterThan(0)
    for (const title of skipped) expect(title).toMatch(/\(not offered: watch\)$/)
    expect(run.some((title) => title.endsWith('[peek-at-once]'))).toBe(true)
  })

  it('shows what is skipped in a runner that cannot skip', async () => {
    const cases = register(() => Promise.reject(new Error('it opens nothing')), ['watch'])
    const title = [...cases.keys()].find((each) => each.endsWith('(not offered: peek)')) ?? ''
    await expect(cases.get(title)?.()).resolves.toBeUndefined()
  })

  it('fails a store that has more, or less, than it offers', async () => {
    const open = opener(() => new MemoryStore())
    await expect(find(register(open, ['peek']), 'tell-offered')()).rejects.toThrow()
    const without: OpenStore = () => ({
      port: () => Object.assign(new MemoryStore().port(), { peek: undefined }) as unknown as StorePort,
      close: () => {},
    })
    await expect(find(register(without), 'tell-offered')()).rejects.toThrow()
  })

  it.each([[[]], [['peak']]])('refuses %j as offers', (offers) => {
    const open = opener(() => new MemoryStore())
    expect(() => register(open, offers as StoreOffer[])).toThrow('has to name `peek`, `watch` or both')
  })

  it('closes the ports, then the store, also when a case fails', async () => {
    const events: string[] = []
    const store = new (class extends MemoryStore {
      override write = () => false
    })()
    const open: OpenStore = () => ({
      port: () => {
        const port = store.port()
        const close = () => void events.push('port')
        return Object.assign(port, { close })
      },
      close: () => events.push('store'),
    })
    await expect(find(register(open), 'item-bytes')()).rejects.toThrow()
    expect(events).toEqual(['port', 'port', 'store'])
  })

  it('tells what failed first, whatever is wrong with closing', async () => {
    const store = new (class extends MemoryStore {
      override write(): boolean {
        throw new Error('it is full')
      }
    })()
    const open: OpenStore = () => ({
      port: () => store.port(),
      close: () => Promise.reject(new Error('it does not close')),
    })
    await expect(find(register(open), 'item-bytes')()).rejects.toThrow('it is full')
    await expect(find(register(open), 'record-since')()).rejects.toThrow('it does not close')
  })

  it('fails a store that does not open', async () => {
    const cases = register(() => Promise.reject(new Error('it opens nothing')))
    await expect(find(cases, 'item-bytes')()).rejects.toThrow('it opens nothing')
  })
})

describe('a store that breaks a rule fails the case of the rule', () => {
  const named = mutants.map((mutant) => [`${mutant.rule} [${mutant.noticedBy}]`, mutant] as const)
  // Some wait for what does not come.
  it.concurrent.each(named)('%s', async (_, { create, noticedBy }) => {
    const outcome = await find(register(opener(create)), noticedBy)().catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(Error)
    // Broken is what the store does, not how it is written.
    expect(outcome).not.toBeInstanceOf(TypeError)
    expect(outcome).not.toBeInstanceOf(RangeError)
  })

  it('is there for each case', () => {
    const noticing = new Set(mutants.map(({ noticedBy }) => noticedBy))
    const ids = themes.flatMap(({ cases }) => cases.map(({ id }) => id))
    expect(ids.filter((id) => !noticing.has(id))).toEqual([])
  })
})
