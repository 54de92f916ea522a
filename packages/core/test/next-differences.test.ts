import { describe, expect, it, onTestFinished } from 'vitest'
import { createCache } from '../src/create-cache.ts'
import { createStore } from '../src/store/create-store.ts'
import type { Read, Subject } from './cache/support.ts'
import {
  barrier,
  counter,
  fetched,
  long,
  route,
  setup,
  subjects,
  tick,
  warnings,
  world,
} from './cache/support.ts'
import { Shelf } from './store/shelf.ts'

// Every difference from Next.js that is meant, in a test of its own: what Next.js does, and what happens here instead.
// docs/coming-from-next.md has them in a reader's words.

/** Something cached, tagged `t` unless it is said otherwise, whose value is the number of the run. */
function counted(create: Subject, tags: readonly string[] = ['t']) {
  const parts = world()
  const source = counter()
  return { ...parts, source, read: create(parts, source.read, tags) }
}

const each = Object.entries(subjects) as [kind: string, create: Subject][]

describe('lives and profiles', () => {
  it('Next.js lets negative numbers pass; here they are an error at the call, wherever a life is given', () => {
    const { cache } = setup()
    const invalid = expect.objectContaining({ code: 'ERR_RESTALE_INVALID_LIFE' })
    for (const field of ['stale', 'revalidate', 'expire'] as const) {
      const life = { [field]: -1 } as { revalidate: number }
      expect(() => setup({ profiles: { mine: life } })).toThrow(invalid)
      expect(() => cache.cached(() => 1, { key: 'x', life })).toThrow(invalid)
      expect(() => cache.cacheLife(life)).toThrow(invalid)
      expect(() => cache.revalidateTag('t', life as object)).toThrow(invalid)
    }
  })

  it('Next.js takes an unknown profile, and drops the invalidation; here it is an error with the known names', async () => {
    const { cache, kinds, read } = counted(subjects.function)
    await read()
    // @ts-expect-error: nor does it compile
    expect(() => cache.revalidateTag(['t', 'other'], 'nope')).toThrow(
      expect.objectContaining({
        code: 'ERR_RESTALE_UNKNOWN_PROFILE',
        message: expect.stringContaining('default, seconds, minutes, hours, days, weeks, max'),
      }),
    )
    expect(kinds()).not.toContain('invalidated')
  })
})

describe('tags', () => {
  it.each(each)('Next.js splits tags at commas; here "a,b" is one tag (%s)', async (_kind, create) => {
    const { cache, read } = counted(create, ['a,b'])
    await read()
    await cache.updateTag(['a', 'b'])
    expect(await read()).toBe('1')
    await cache.updateTag('a,b')
    expect(await read()).toBe('2')
  })

  it.each(each)(
    'Next.js takes "é" and "%C3%A9" for one tag; here they are two (%s)',
    async (_kind, create) => {
      const { cache, read } = counted(create, ['é'])
      await read()
      await cache.updateTag('%C3%A9')
      expect(await read()).toBe('1')
      await cache.updateTag('é')
      expect(await read()).toBe('2')
    },
  )

  const unlabelled: [string, unknown[]][] = [
    ['that is empty', ['t', '']],
    ['of 257 characters', ['t', 'x'.repeat(257)]],
    ['that is no string', ['t', 7]],
    ['that is one too many', Array.from({ length: 129 }, (_, index) => `tag ${index}`)],
  ]

  it.each(unlabelled)(
    'Next.js stores a value with a tag %s; here it is given and not stored, with one warning',
    async (what, tags) => {
      const given = warnings()
      const { cache } = setup()
      const source = counter()
      const get = cache.cached(
        () => {
          cache.cacheTag(...(tags as string[]))
          return source.read()
        },
        { key: `differences/a tag ${what}` },
      )
      expect([await get(), await get()]).toEqual([1, 2])
      expect(given).toEqual([expect.stringContaining('RESTALE_INVALID_TAG')])
    },
  )
})

describe('what an invalidation does', () => {
  it.each(each)(
    'Next.js revives what a hard call expired when a soft one follows; here it stays expired (%s)',
    async (_kind, create) => {
      const { cache, read } = counted(create)
      await read()
      await cache.updateTag('t')
      await cache.revalidateTag('t', 'max')
      expect(await read()).toBe('2')
    },
  )

  it.each(each)(
    'Next.js pushes the deadline out with a second soft call; here the earliest holds (%s)',
    async (_kind, create) => {
      const { cache, clock, kinds, read } = counted(create)
      await read()
      await cache.revalidateTag('t', { expire: 10 })
      clock.advance(9_000)
      await cache.revalidateTag('t', { expire: 10 })
      clock.advance(1_000)
      expect(await read()).toBe('2')
      expect(kinds()).not.toContain('stale')
    },
  )

  it.each(each)(
    'Next.js expires what was made after a soft call at its deadline, too; here only what is older (%s)',
    async (_kind, create) => {
      const { cache, clock, read, settled } = counted(create)
      await read()
      await cache.revalidateTag('t', { expire: 10 })
      await read()
      await settled()
      clock.advance(10_000)
      expect(await read()).toBe('2')
      await settled()
      expect(await read()).toBe('2')
    },
  )

  it.each(each)(
    'Next.js does not invalidate what was made in the same millisecond; here versions order them (%s)',
    async (_kind, create) => {
      const { cache, read } = counted(create)
      await read()
      await cache.updateTag('t')
      expect([await read(), await read()]).toEqual(['2', '2'])
    },
  )

  it('Next.js forgets tags at a restart, and what was invalidated is fresh again; here it is expired', async () => {
    const shelf = new Shelf()
    const start = (value: string) => {
      const cache = createCache({ store: createStore('shelf', () => shelf.near()) })
      onTestFinished(() => cache.close())
      return { cache, get: cache.cached(() => value, { key: 'x', tags: ['t'] }) }
    }
    const before = start('of before')
    await before.get()
    expect(await start('never made').get()).toBe('of before')
    await before.cache.updateTag('t')
    const after = start('made anew')
    expect(await after.get()).toBe('made anew')
  })
})

describe('when an invalidation applies', () => {
  it.each(each)(
    'Next.js applies it at the end of the request; here it is in force before the call returns (%s)',
    async (_kind, create) => {
      const { cache, read } = counted(create)
      await read()
      const handler = () => {
        void cache.updateTag('t')
        return read()
      }
      expect(await handler()).toBe('2')
    },
  )

  it('Next.js loses it if the handler then throws; here it holds', async () => {
    const { cache, read } = counted(subjects.function)
    await read()
    const get = route(
      cache,
      () => {
        void cache.updateTag('t')
        throw new Error('afterwards')
      },
      {},
    )
    expect(await get('/api/publish')).toBe('Error: afterwards')
    expect(await read()).toBe('2')
  })

  it('Next.js loses it in a timer; here it works anywhere', async () => {
    const { cache, read } = counted(subjects.function)
    await read()
    await new Promise((resolve) => setImmediate(() => resolve(cache.updateTag('t'))))
    expect(await read()).toBe('2')
  })

  it('Next.js lets bad input pass or drops it; here the call throws, before anything happens', async () => {
    const { cache, kinds, read } = counted(subjects.function)
    await read()
    const wrong = [
      () => cache.updateTag(['t', '']),
      () => cache.revalidateTag(['t', 'x'.repeat(257)], 'max'),
      () => cache.revalidateTag('t', { expire: Number.NaN }),
      () => cache.revalidatePath('no-slash'),
    ]
    for (const call of wrong) expect(call).toThrow(expect.objectContaining({ name: 'CacheError' }))
    expect(kinds()).toEqual(['miss', 'stored'])
  })

  it('Next.js tells nothing of it; here it resolves to its version, tags and reach, and never rejects', async () => {
    const { cache } = setup()
    const first = await cache.revalidateTag(['a', 'b', 'a'], 'max')
    expect(first).toEqual({ version: expect.any(Number), tags: ['a', 'b'], reach: 'everywhere' })
    await cache.close()
    const second = await cache.updateTag('c')
    expect(second.version).toBeGreaterThan(first.version)
  })

  it('Next.js waits for fresh data after one’s own soft call; here soft is soft, and stale is served', async () => {
    const { cache, read, settled } = counted(subjects.function)
    await read()
    const seen: string[] = []
    const get = route(
      cache,
      async () => {
        void cache.revalidateTag('t', 'max')
        seen.push(await read())
      },
      {},
    )
    await get('/api/save')
    expect(seen).toEqual(['1'])
    await settled()
    expect(await read()).toBe('2')
  })
})

describe('fills in flight', () => {
  /** A run that is held after it has read its source, and another that reads after the source was written. */
  const held = (create: Subject) => {
    const parts = world()
    const gate = barrier()
    let source = 'old'
    const run = async () => {
      const value = source
      await gate.pass()
      return value
    }
    const write = () => {
      source = 'new'
    }
    return { ...parts, gate, write, read: create(parts, run, ['t']) }
  }

  it.each(each)(
    'Next.js lets one’s own read join an older fill of another request; here it never does (%s)',
    async (_kind, create) => {
      const { cache, gate, read, write } = held(create)
      const other = read()
      await gate.reachedBy(1)
      write()
      await cache.updateTag('t')
      const own = read()
      await gate.reachedBy(2)
      gate.open()
      expect([await other, await own]).toEqual(['old', 'new'])
    },
  )

  it.each(each)(
    'Next.js discards what one’s own read made at the next read; here it stays (%s)',
    async (_kind, create) => {
      const { cache, read, source } = counted(create)
      await read()
      await cache.updateTag('t')
      expect([await read(), await read(), await read()]).toEqual(['2', '2', '2'])
      expect(source.reads).toBe(2)
    },
  )

  it.each(each)(
    'Next.js loses an invalidation during a fill of a fetch, unstable_cache or response; here none is (%s)',
    async (_kind, create) => {
      const { cache, gate, read, write } = held(create)
      const waiting = [read(), read()]
      await gate.reachedBy(1)
      await tick()
      write()
      await cache.updateTag('t')
      gate.open()
      // Who waited already gets that value; who comes later does not.
      expect(await Promise.all(waiting)).toEqual(['old', 'old'])
      expect([await read(), await read()]).toEqual(['new', 'new'])
      expect(gate.reached).toBe(2)
    },
  )

  it.each(each)(
    'Next.js loses a soft one likewise; here what was being made is stale when it comes (%s)',
    async (_kind, create) => {
      const { cache, gate, read, settled, write } = held(create)
      const first = read()
      await gate.reachedBy(1)
      write()
      await cache.revalidateTag('t', 'max')
      gate.open()
      expect(await first).toBe('old')
      expect(await read()).toBe('old')
      await settled()
      expect(await read()).toBe('new')
    },
  )
})

describe('paths', () => {
  it('Next.js warns about a pattern without a type and does nothing; here it means "page"', async () => {
    const { cache } = setup()
    const source = counter()
    const post = route(cache, source.read, { life: long, pattern: '/blog/:slug' })
    const list = route(cache, source.read, { life: long, pattern: '/blog' })
    expect([await post('/blog/a'), await post('/blog/b'), await list('/blog')]).toEqual(['1', '2', '3'])
    await cache.revalidatePath('/blog/:slug')
    expect([await post('/blog/a'), await post('/blog/b'), await list('/blog')]).toEqual(['4', '5', '3'])
  })

  it('Next.js warns about a path longer than 1,024 and does nothing; here it throws', async () => {
    const { cache, kinds } = setup()
    const refusal = expect.objectContaining({ code: 'ERR_RESTALE_INVALID_PATH' })
    expect(() => cache.revalidatePath(`/${'x'.repeat(1_024)}`)).toThrow(refusal)
    expect(() => cache.revalidatePath(`/${'x'.repeat(1_024)}`, 'layout')).toThrow(refusal)
    expect(kinds()).toEqual([])
  })

  it.each(['_N_T_/blog', '_N_T_/layout', 'page:/blog', 'layout:/'])(
    'Next.js has paths among the tags, so that they can be called by hand; here no tag reaches them: %s',
    async (tag) => {
      const { cache } = setup()
      const source = counter()
      const page = route(cache, source.read)
      const tagged = cache.cached(source.read, { key: 'tagged', tags: [tag] })
      expect([await page('/blog'), await tagged()]).toEqual(['1', 2])
      await cache.updateTag(tag)
      expect([await page('/blog'), await tagged()]).toEqual(['1', 3])
      await cache.revalidatePath('/blog')
      await cache.revalidatePath('/', 'layout')
      expect([await page('/blog'), await tagged()]).toEqual(['4', 3])
    },
  )

  it('Next.js reaches functions with revalidatePath("/", "layout"), too; here every response, and no function', async () => {
    const parts = world()
    const { answers, cache } = parts
    const source = counter()
    const get = cache.cached(async () => `function ${source.read()}`, { key: 'x', life: long })
    answers.set('https://upstream.test/', () => `fetch ${source.read()}`)
    const read: Read = fetched(cache, 'https://upstream.test/', { revalidate: 3_600 })
    const pages = [
      route(cache, async () => `${source.read()}: ${await get()}`),
      route(cache, async () => `${source.read()}: ${await read()}`),
    ] as const
    const visit = async () => [await pages[0]('/'), await pages[1]('/deep/down')]
    expect(await visit()).toEqual(['1: function 2', '3: fetch 4'])
    await cache.revalidatePath('/', 'layout')
    expect(await visit()).toEqual(['5: function 2', '6: fetch 4'])
  })
})

describe('nesting', () => {
  it('Next.js gives what is around the whole life of what is inside; here what remains of it', async () => {
    const { cache, clock } = setup()
    const source = counter()
    const inner = cache.cached(source.read, {
      key: 'inner',
      life: { stale: 100, revalidate: 100, expire: 200 },
    })
    const outer = cache.cached(() => inner(), { key: 'outer' })
    await inner()
    clock.advance(60_000)
    await outer()
    expect(outer.peek()?.life).toEqual({ stale: 40, revalidate: 40, expire: 140 })
    // So nothing outlives what its author said.
    clock.advance(140_000)
    expect(await outer()).toBe(2)
  })
})

describe('filling', () => {
  it.each(each)(
    'Next.js shares a fetch within one request only, and unstable_cache never; here a fill is shared by all (%s)',
    async (_kind, create) => {
      const parts = world()
      const gate = barrier()
      const run = async () => {
        await gate.pass()
        return gate.reached
      }
      const read = create(parts, run, ['t'])
      const requests = Array.from({ length: 3 }, () => parts.cache.collect(read))
      await gate.reachedBy(1)
      await tick()
      gate.open()
      expect((await Promise.all(requests)).map(({ value }) => value)).toEqual(['1', '1', '1'])
    },
  )

  it.each(each)(
    'Next.js tries a failing refill again at every read; here after pauses that grow, until it expires (%s)',
    async (_kind, create) => {
      const parts = world()
      const { cache, clock, settled } = parts
      let runs = 0
      const run = () => {
        if (++runs > 1) throw new Error('down')
        return 'good'
      }
      const read = create(parts, run, ['t'])
      await read()
      await cache.revalidateTag('t', { expire: 120 })
      for (let second = 0; second < 120; second++) {
        expect(await read()).toBe('good')
        await settled()
        clock.advance(1_000)
      }
      expect(runs).toBeGreaterThan(5)
      expect(runs).toBeLessThan(20)
      expect(await read().catch(String)).toContain('down')
    },
  )

  it('Next.js fails past expire when the origin does; here staleIfError forgives so much age, and no invalidation', async () => {
    const { cache, clock } = setup()
    let isDown = false
    const run = () => {
      if (isDown) throw new Error('down')
      return 'good'
    }
    const options = { tags: ['t'], life: { revalidate: 10, expire: 60 } }
    const strict = cache.cached(run, { key: 'strict', ...options })
    const lenient = cache.cached(run, { key: 'lenient', ...options, staleIfError: 40 })
    await Promise.all([strict(), lenient()])
    isDown = true
    clock.advance(99_000)
    await expect(strict()).rejects.toThrow('down')
    expect(await lenient()).toBe('good')
    await cache.updateTag('t')
    await expect(lenient()).rejects.toThrow('down')
  })
})

describe('fetch', () => {
  it('Next.js does not cache for next.tags alone; here they do', async () => {
    const { cache, read, source } = counted(subjects.fetch)
    expect([await read(), await read()]).toEqual(['1', '1'])
    await cache.updateTag('t')
    expect(await read()).toBe('2')
    expect(source.reads).toBe(2)
  })

  it('Next.js judges an entry by the tags and life of its reader; here by those that it was stored with', async () => {
    const { answers, cache, clock, settled } = world()
    const url = 'https://upstream.test/'
    answers.set(url, counter().read)
    const writer = fetched(cache, url, { tags: ['written'], revalidate: 60 })
    const reader = fetched(cache, url, { tags: ['read'], revalidate: 1 })
    expect(await writer()).toBe('1')
    clock.advance(59_000)
    await cache.updateTag('read')
    expect(await reader()).toBe('1')
    await settled()
    expect(await reader()).toBe('1')
    await cache.updateTag('written')
    expect(await reader()).toBe('2')
  })
})
