import type { Cache, CachedFunction, Collected, Invalidation, LifeInput, Peeked } from '@restale/core'
import { createCache } from '@restale/core'
import { expectTypeOf } from 'vitest'

// Only the compiler reads this file: `pnpm types`. What registering a cache does: register/register.test-d.ts.

const plain = createCache()
const feeding = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 }, news: {} } })

// The names of profiles are inferred.
expectTypeOf(plain).toEqualTypeOf<Cache>()
expectTypeOf(feeding).toEqualTypeOf<Cache<'feed' | 'news'>>()

// … and known to every call that takes one.
feeding.cacheLife('feed')
feeding.cacheLife('hours')
feeding.revalidateTag('t', 'news')
feeding.revalidateTag(['a', 'b'], 'max')
feeding.cached(() => 1, { key: 'k', life: 'feed' })
// @ts-expect-error: there is no such profile
feeding.revalidateTag('t', 'nope')
// @ts-expect-error: there is no such profile
feeding.cacheLife('nope')
// @ts-expect-error: there is no such profile
feeding.cached(() => 1, { key: 'k', life: 'nope' })
// @ts-expect-error: the other cache has it, this one does not
plain.revalidateTag('t', 'feed')
// @ts-expect-error: the other cache has it, this one does not
plain.cacheLife('feed')

// A cache with profiles of its own can be handed to whoever takes any cache.
expectTypeOf(feeding).toExtend<Cache>()
const takesAny = (_cache: Cache) => {}
takesAny(feeding)
// @ts-expect-error: not the other way round
const _wants: Cache<'feed'> = plain

// A life is some fields in seconds, at least one.
plain.cacheLife({ stale: 0 })
plain.cacheLife({ revalidate: 1 })
plain.cacheLife({ expire: Number.POSITIVE_INFINITY })
plain.cacheLife({ stale: 0, revalidate: 1, expire: 2 })
// @ts-expect-error: no field at all
plain.cacheLife({})
// @ts-expect-error: a field that is none
plain.cacheLife({ revalidate: 1, maxAge: 1 })
// @ts-expect-error: not a number
plain.cacheLife({ revalidate: '1' })
// @ts-expect-error: `false` is no number of seconds
plain.cacheLife({ revalidate: false })
// @ts-expect-error: no field at all
plain.cached(() => 1, { key: 'k', life: {} })
expectTypeOf<string>().not.toExtend<LifeInput>()
expectTypeOf<object>().not.toExtend<LifeInput>()

// How a tag is revalidated: a name, or `expire`, which may be left out.
plain.revalidateTag('t', {})
plain.revalidateTag('t', { expire: 0 })
// @ts-expect-error: deprecated in Next.js, and not offered here
plain.revalidateTag('t')
// @ts-expect-error: only `expire` means anything
plain.revalidateTag('t', { revalidate: 1 })
// @ts-expect-error: not a tag
plain.updateTag(1)
// @ts-expect-error: neither "page" nor "layout"
plain.revalidatePath('/', 'route')
expectTypeOf(plain.updateTag('t')).toEqualTypeOf<Promise<Invalidation>>()
expectTypeOf<Invalidation['reach']>().toEqualTypeOf<'everywhere' | 'here'>()

// `cached` infers the arguments and what is awaited.
const getPost = plain.cached(async (id: string, draft?: boolean) => ({ id, draft }), {
  key: 'post',
  tags: ([id, draft], post) => {
    expectTypeOf(id).toEqualTypeOf<string>()
    expectTypeOf(draft).toEqualTypeOf<boolean | undefined>()
    expectTypeOf(post).toEqualTypeOf<{ id: string; draft: boolean | undefined }>()
    return [id]
  },
})
expectTypeOf(getPost).parameters.toEqualTypeOf<[id: string, draft?: boolean | undefined]>()
expectTypeOf(getPost).returns.toEqualTypeOf<Promise<{ id: string; draft: boolean | undefined }>>()
// @ts-expect-error: an argument is missing
getPost()
// @ts-expect-error: an argument of another type
getPost(1)

const count = plain.cached(() => 1, { key: 'count', tags: ['counts'] })
expectTypeOf(count).toEqualTypeOf<CachedFunction<[], number>>()
const sometimes = plain.cached((n: number) => (n > 0 ? Promise.resolve('later') : 'now'), {
  key: 'sometimes',
})
expectTypeOf(sometimes(1)).resolves.toEqualTypeOf<string>()
const rest = plain.cached((...ids: readonly number[]) => ids.length, { key: 'rest' })
expectTypeOf(rest(1, 2, 3)).resolves.toBeNumber()
// @ts-expect-error: a key is needed
plain.cached(() => 1, {})
// @ts-expect-error: one string is no list
plain.cached(() => 1, { key: 'k', tags: 'posts' })
// @ts-expect-error: nor may the function give one string
plain.cached((id: string) => id, { key: 'k', tags: ([id]) => id })

// Its methods take the same arguments.
expectTypeOf(getPost.key).toEqualTypeOf<(id: string, draft?: boolean) => string>()
expectTypeOf(getPost.revalidate('1', true)).toEqualTypeOf<Promise<Invalidation>>()
expectTypeOf(getPost.delete('1')).toEqualTypeOf<Promise<Invalidation>>()
expectTypeOf(getPost.peek('1')).toEqualTypeOf<
  Peeked<{ id: string; draft: boolean | undefined }> | undefined
>()
expectTypeOf<Peeked<number>['freshness']>().toEqualTypeOf<'fresh' | 'stale'>()
// @ts-expect-error: an argument is missing
getPost.revalidate()
// @ts-expect-error: an argument of another type
getPost.delete(1)
// @ts-expect-error: an argument is missing
getPost.key()
// @ts-expect-error: an argument of another type
getPost.peek(1)
// @ts-expect-error: there may be nothing
getPost.peek('1').value

// Its further options.
plain.cached((_connection: WeakKey, id: string) => id, {
  key: 'k',
  keyOf: (args) => {
    expectTypeOf(args).toEqualTypeOf<[connection: WeakKey, id: string]>()
    return args[1]
  },
  clone: false,
  hardTimeoutMs: 1_000,
  staleIfError: Number.POSITIVE_INFINITY,
})
// @ts-expect-error: a member is no function of the arguments
plain.cached((id: string) => id, { key: 'k', keyOf: 'id' })
// @ts-expect-error: milliseconds
plain.cached(() => 1, { key: 'k', hardTimeoutMs: '1s' })
// @ts-expect-error: seconds
plain.cached(() => 1, { key: 'k', staleIfError: true })
// @ts-expect-error: not an option
plain.cached(() => 1, { key: 'k', timeout: 1_000 })

// `collect` tells what was awaited.
expectTypeOf(plain.collect(async () => 1)).resolves.toEqualTypeOf<Collected<number>>()

// Wrong options.
// @ts-expect-error: not a profile
createCache({ profiles: { feed: { revalidate: '60' } } })
// @ts-expect-error: not an option
createCache({ max: 1 })

// `cache.fetch` goes where `fetch` goes, and says more.
expectTypeOf(plain.fetch).toExtend<typeof fetch>()
globalThis.fetch = feeding.fetch
expectTypeOf(plain.fetch('http://a.test/')).resolves.toEqualTypeOf<Response>()
plain.fetch(new URL('http://a.test/'), { next: { tags: ['t'], revalidate: 60 }, cache: 'force-cache' })
plain.fetch(new Request('http://a.test/'), {
  next: { revalidate: false, upstreamTags: true, upstreamLife: false },
})
plain.fetch('http://a.test/', { method: 'POST', body: 'b', signal: AbortSignal.timeout(1), duplex: 'half' })
// What a wrapper of `fetch` is given can be handed on.
globalThis.fetch = (input, init) => plain.fetch(input, { ...init, next: { tags: ['t'] } })
// @ts-expect-error: `true` is no number of seconds
plain.fetch('http://a.test/', { next: { revalidate: true } })
// @ts-expect-error: one string is no list
plain.fetch('http://a.test/', { next: { tags: 't' } })
// @ts-expect-error: a name that is none
plain.fetch('http://a.test/', { next: { revalidat: 1 } })
// @ts-expect-error: a mode that is none
plain.fetch('http://a.test/', { cache: 'forever' })
createCache({ fetch: { fetch, upstreamTags: true, upstreamLife: true } })
createCache({ fetch: { fetch: plain.fetch } })
// @ts-expect-error: not a function
createCache({ fetch: { fetch: 'fetch' } })

// What a function gives is awaited, however it gives it; options may be there and say nothing.
const mixed = plain.cached((isLater: boolean) => (isLater ? Promise.resolve('a') : Date.now()), {
  key: 'mixed',
  tags: (_args, result) => {
    expectTypeOf(result).toEqualTypeOf<string | number>()
    return []
  },
})
expectTypeOf(mixed(true)).resolves.toEqualTypeOf<string | number>()
const thenable = plain.cached((): PromiseLike<Date> => Promise.resolve(new Date()), { key: 'thenable' })
expectTypeOf(thenable()).resolves.toEqualTypeOf<Date>()
plain.cached(() => 1, { key: 'k', tags: undefined, life: undefined, staleIfError: undefined })
