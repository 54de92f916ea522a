import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import { describe, expect, it, vi } from 'vitest'
import { engineOf } from '../../src/cache/engine-of.ts'
import { enterScopeLater, FillScope, inertScope, runInScope } from '../../src/cache/scope.ts'
import { barrier, counter, deferred, setup, tick, warnings } from './support.ts'

const tagsOf = (count: number, prefix = 'tag') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe('outside any function and request', () => {
  it.each<[string, (cache: Cache) => void]>([
    ['cacheTag', (cache) => cache.cacheTag('t')],
    ['cacheLife', (cache) => cache.cacheLife('hours')],
  ])('%s throws, and says its name', (name, call) => {
    const { cache } = setup()
    expect(() => call(cache)).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_NO_SCOPE', message: expect.stringContaining(name) }),
    )
  })

  it('they throw again after a cached function has ended', async () => {
    const { cache } = setup()
    await cache.cached(() => cache.cacheTag('t'), { key: 'x' })()
    expect(() => cache.cacheTag('t')).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_NO_SCOPE' }))
  })
})

describe('in a request whose scope is not known yet', () => {
  it('nothing is labelled until it is, and then all that goes on from where it began', async () => {
    const { cache } = setup()
    const scope = new FillScope('response', engineOf(cache), 'GET /')
    await Promise.resolve().then(async () => {
      const setScope = enterScopeLater()
      const goOn = (async () => {
        await tick()
        cache.cacheTag('later')
      })()
      expect(() => cache.cacheTag('t')).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_NO_SCOPE' }))
      setScope(scope)
      await goOn
      cache.cacheTag('now')
    })
    expect([...scope.tags]).toEqual(['later', 'now'])
    expect(() => cache.cacheTag('t')).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_NO_SCOPE' }))
  })
})

it('a scope that is over holds on to nobody: timers of its connection may hold on to it', () => {
  const { cache } = setup()
  const scope = new FillScope('response', engineOf(cache), 'GET /')
  scope.onOptIn = () => {}
  scope.close()
  expect(scope.onOptIn).toBeUndefined()
})

describe('in a request that passed', () => {
  it('cacheTag and cacheLife are no-ops, and invalidations work', async () => {
    const { cache } = setup()
    await runInScope(inertScope, async () => {
      cache.cacheTag('t')
      cache.cacheLife('hours')
      expect(await cache.updateTag('t')).toMatchObject({ tags: ['t'] })
    })
  })
})

const invalidations: [string, (cache: Cache) => unknown][] = [
  ['revalidateTag', (cache) => cache.revalidateTag('t', 'max')],
  ['updateTag', (cache) => cache.updateTag('t')],
  ['revalidatePath', (cache) => cache.revalidatePath('/')],
]

describe.each(invalidations)('%s', (name, call) => {
  const refusal = expect.objectContaining({
    code: 'ERR_RESTALE_INVALIDATION_IN_SCOPE',
    message: expect.stringContaining(name),
  })

  it('throws inside a cached function, by its name, and nothing is invalidated', async () => {
    const { cache, kinds } = setup()
    const seen = deferred<unknown>()
    const get = cache.cached(
      () => {
        try {
          call(cache)
        } catch (error) {
          seen.resolve(error)
        }
      },
      { key: 'the-function' },
    )
    await get()
    const error = await seen.promise
    expect(error).toEqual(refusal)
    expect(error).toHaveProperty('message', expect.stringContaining('the-function'))
    expect(kinds()).not.toContain('invalidated')
  })

  it('throws inside a collect that runs inside a cached function', async () => {
    const { cache } = setup()
    const get = cache.cached(() => cache.collect(() => call(cache)), { key: 'x' })
    await expect(get()).rejects.toEqual(refusal)
  })

  it('throws inside a cached function also while the cache is off', async () => {
    const { cache } = setup({ enabled: false })
    const get = cache.cached(() => call(cache), { key: 'x' })
    await expect(get()).rejects.toEqual(refusal)
  })

  it('throws after a response has opted in', async () => {
    const { cache } = setup()
    const scope = new FillScope('response', engineOf(cache), 'GET /posts')
    await runInScope(scope, async () => {
      cache.cacheLife('hours')
      expect(() => call(cache)).toThrow(refusal)
    })
  })

  it.each(['directly', 'through collect'])(
    'works in a response that has not opted in, %s, and that one is not stored',
    async (how) => {
      const { cache, kinds } = setup()
      const scope = new FillScope('response', engineOf(cache), 'GET /api/revalidate')
      await runInScope(scope, async () =>
        how === 'directly' ? call(cache) : cache.collect(() => call(cache)),
      )
      expect(kinds()).toContain('invalidated')
      expect(scope.unstorable).toBe(`it calls ${name}`)
    },
  )

  it('works outside, in a collect, in a timer, and in what a function left behind', async () => {
    const { cache, events } = setup()
    await call(cache)
    await cache.collect(() => call(cache))
    await new Promise<void>((resolve) => setImmediate(() => resolve(call(cache) as Promise<void>)))
    const gate = barrier()
    const done = deferred()
    const leave = cache.cached(
      () => {
        gate.pass().then(() => done.resolve(call(cache) as Promise<void> & undefined))
      },
      { key: 'x' },
    )
    await leave()
    gate.open()
    await done.promise
    expect(events.filter(({ kind }) => kind === 'invalidated')).toHaveLength(4)
  })
})

describe('an invalid tag', () => {
  it.each<[string, unknown, string]>([
    ['empty', '', 'must not be empty'],
    ['of 257 characters', 'x'.repeat(257), '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" has 257'],
    ['that is no string', 7, 'must be a string, got number'],
    ['that is a list', ['a'], 'must be a string, got object'],
    ['that is null', null, 'got null'],
  ])(
    '%s is skipped with one warning, and differs from Next.js: the value is not stored',
    async (what, tag, said) => {
      const given = warnings()
      const { cache } = setup()
      const { read } = counter()
      const inside = cache.cached(
        () => {
          cache.cacheTag('good', tag as string)
          return read()
        },
        { key: `inside ${what}` },
      )
      const inOptions = cache.cached(read, { key: `options ${what}`, tags: ['good', tag as string] })
      expect([await inside(), await inside(), await inOptions(), await inOptions()]).toEqual([1, 2, 3, 4])
      expect(given).toHaveLength(2)
      for (const [index, place] of ['inside', 'options'].entries()) {
        expect(given[index]).toContain(
          `RESTALE_INVALID_TAG: cached function "${place} ${what}" is not cached`,
        )
        expect(given[index]).toContain(said)
      }
      const { tags } = await cache.collect(inside)
      expect(tags).toEqual(['good'])
    },
  )

  it('is none of these: 256 characters, a comma, any case, any script', async () => {
    const { cache } = setup()
    const { read } = counter()
    const tags = ['x'.repeat(256), 'a,b', 'A', 'é', '%C3%A9', ' ', '__proto__']
    const get = cache.cached(read, { key: 'x', tags })
    expect([await get(), await get()]).toEqual([1, 1])
    expect((await cache.collect(get)).tags).toEqual(tags)
  })

  it.each([
    ['a,b', ['a', 'b']],
    ['é', ['%C3%A9', 'É']],
  ])('differs from Next.js: %s is one tag, and no other reaches it', async (tag, others) => {
    const { cache } = setup()
    const get = cache.cached(counter().read, { key: 'x', tags: [tag] })
    await get()
    for (const other of others) await cache.updateTag(other)
    expect(await get()).toBe(1)
    await cache.updateTag(tag)
    expect(await get()).toBe(2)
  })

  it.each(['_N_T_/blog', '_N_T_/layout'])('differs from Next.js: %s is a tag like any other', async (tag) => {
    const { cache } = setup()
    const get = cache.cached(counter().read, { key: 'x', tags: [tag] })
    await get()
    await cache.revalidatePath('/blog')
    await cache.revalidatePath('/', 'layout')
    expect(await get()).toBe(1)
    await cache.updateTag(tag)
    expect(await get()).toBe(2)
  })
})

describe('the number of tags', () => {
  it('of one scope is at most 128, however often each is said and wherever', async () => {
    const given = warnings()
    const { cache } = setup()
    const { read } = counter()
    const make = (count: number) =>
      cache.cached(
        () => {
          cache.cacheTag(...tagsOf(count - 8))
          cache.cacheTag(...tagsOf(count - 8))
          return read()
        },
        { key: `scopes/${count}`, tags: tagsOf(8, 'option') },
      )
    const right = make(128)
    const tooMany = make(129)
    expect([await right(), await right()]).toEqual([1, 1])
    expect([await tooMany(), await tooMany()]).toEqual([2, 3])
    expect(given).toEqual([expect.stringContaining('more than 128 tags')])
  })

  const nest = (cache: Cache, count: number, read: () => number, name: string) => {
    const inner = Array.from({ length: Math.ceil(count / 100) }, (_, index) =>
      cache.cached(() => index, {
        key: `${name}${index}`,
        tags: tagsOf(Math.min(100, count - index * 100), `${index}:`),
      }),
    )
    return cache.cached(
      async () => {
        for (const one of inner) await one()
        return read()
      },
      { key: name },
    )
  }

  it('of an entry with what is nested is at most 1,024', async () => {
    const given = warnings()
    const { cache } = setup()
    const { read } = counter()
    const right = nest(cache, 1_024, read, 'scopes/nested-right')
    const tooMany = nest(cache, 1_025, read, 'scopes/nested-wrong')
    expect([await right(), await right()]).toEqual([1, 1])
    expect([await tooMany(), await tooMany()]).toEqual([2, 3])
    expect(given).toEqual([expect.stringContaining('more than 1024 tags with those nested')])
  })

  it('is also limited if its own tags come last', async () => {
    const given = warnings()
    const { cache } = setup()
    const { read } = counter()
    const inner = nest(cache, 1_000, () => 0, 'scopes/inner')
    const outer = cache.cached(
      async () => {
        await inner()
        cache.cacheTag(...tagsOf(100, 'own'))
        return read()
      },
      { key: 'scopes/own-last' },
    )
    expect([await outer(), await outer()]).toEqual([1, 2])
    expect(given).toEqual([expect.stringContaining('more than 1024 tags with those nested')])
  })
})

describe('cacheLife', () => {
  it.each<[string, unknown, string]>([
    ['an unknown profile', 'nope', 'ERR_RESTALE_UNKNOWN_PROFILE'],
    ['a member of Object.prototype', 'constructor', 'ERR_RESTALE_UNKNOWN_PROFILE'],
    ['false', false, 'ERR_RESTALE_INVALID_LIFE'],
    ['revalidate: false', { revalidate: false }, 'ERR_RESTALE_INVALID_LIFE'],
    ['NaN', { revalidate: Number.NaN }, 'ERR_RESTALE_INVALID_LIFE'],
    ['a negative number, which differs from Next.js', { expire: -1 }, 'ERR_RESTALE_INVALID_LIFE'],
    ['a text', { stale: '5' }, 'ERR_RESTALE_INVALID_LIFE'],
    ['revalidate beyond expire', { revalidate: 2, expire: 1 }, 'ERR_RESTALE_INVALID_LIFE'],
    ['a field that is none', { maxAge: 1 }, 'ERR_RESTALE_INVALID_LIFE'],
  ])('throws at the call for %s, and leaves the life as it was', async (_what, life, code) => {
    const { cache } = setup()
    const collected = await cache.collect(() => {
      cache.cacheLife({ revalidate: 7 })
      expect(() => cache.cacheLife(life as 'max')).toThrow(expect.objectContaining({ code }))
    })
    expect(collected.life).toMatchObject({ revalidate: 7 })
  })

  it('takes revalidate equal to expire', async () => {
    const { cache } = setup()
    const { life } = await cache.collect(() => cache.cacheLife({ revalidate: 5, expire: 5 }))
    expect(life).toEqual({ stale: 300, revalidate: 5, expire: 5 })
  })

  it('after the scope has closed changes nothing', async () => {
    const { cache } = setup()
    const gate = barrier()
    const get = cache.cached(
      () => {
        gate.pass().then(() => cache.cacheLife({ revalidate: 0 }))
        return 1
      },
      { key: 'x' },
    )
    await get()
    gate.open()
    await tick()
    expect((await cache.collect(get)).life).toMatchObject({ revalidate: 900 })
  })
})

describe('while the cache is off', () => {
  const outer = (cache: Cache) => {
    const inner = cache.cached(
      () => {
        cache.cacheTag('said')
        cache.cacheLife({ revalidate: 5 })
        return 'value'
      },
      { key: 'inner', tags: (_args, result) => [`made of ${result}`] },
    )
    return cache.cached(() => inner(), { key: 'outer', tags: ['o'] })
  }

  it('functions may label as ever, outside any request too', async () => {
    expect(await outer(createCache({ enabled: false }))()).toBe('value')
  })

  it('collect tells the same as when it is on', async () => {
    const off = createCache({ enabled: false })
    const on = createCache()
    const [without, with_] = [await off.collect(outer(off)), await on.collect(outer(on))]
    expect(without).toEqual({ ...with_, life: without.life })
    expect(without.life.revalidate).toBeCloseTo(5, 0)
    expect(with_.life.revalidate).toBeCloseTo(5, 0)
  })

  it('what another cache makes of it is not stored: its invalidations would not reach', async () => {
    const off = createCache({ enabled: false })
    const { cache } = setup()
    const run = vi.fn(off.cached(() => 1, { key: 'off' }))
    const get = cache.cached(() => run(), { key: 'on' })
    await get()
    await get()
    expect(run).toHaveBeenCalledTimes(2)
  })
})
