import { createCache, rfc9111 } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { responseCache } from '../src/index.ts'

const paths = ['/a', '/b'] as const
type Path = (typeof paths)[number]

/** What can happen to a site whose responses live by what they say. */
type Step =
  | { readonly do: 'get'; readonly path: Path; readonly headers: Readonly<Record<string, string>> }
  | { readonly do: 'change'; readonly path: Path; readonly by: 'nobody' | 'tag' | 'post' | 'soft' }
  | { readonly do: 'advance'; readonly seconds: number }
  | { readonly do: 'break' | 'mend' | 'settle' }

const path = fc.constantFrom(...paths)
const headers = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  {},
  { 'Cache-Control': 'no-cache' },
  { 'Cache-Control': 'max-stale' },
  { 'Cache-Control': 'stale-if-error=99' },
  { 'Cache-Control': 'no-store' },
  { Range: 'bytes=0-0' },
  { 'Accept-Language': 'de' },
  { 'If-None-Match': '"1"' },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('get' as const), path, headers }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      path,
      by: fc.constantFrom('nobody', 'tag', 'post', 'soft'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), seconds: fc.constantFrom(1, 11, 70) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('break', 'mend', 'settle') }) },
)
const controls = fc.constantFrom(
  'max-age=10',
  'max-age=0',
  'no-cache',
  's-maxage=10, stale-while-revalidate=60',
  'max-age=10, stale-while-revalidate=60, stale-if-error=60',
  'max-age=10, must-revalidate',
  'public',
)

/** Its pages are their version, which is their tag, too; they know conditions. */
function site(control: string, varies: boolean) {
  const versions: Record<Path, number> = { '/a': 1, '/b': 1 }
  const state = { isBroken: false, versions }
  const clock = fakeClock()
  const cache = createCache({ clock })
  const handler = responseCache(
    cache,
    (request: Request) => {
      if (state.isBroken) throw new Error('broken')
      const name = new URL(request.url).pathname as Path
      if (request.method === 'POST') return new Response(null, { status: 204 })
      const version = state.versions[name]
      const lines = { ETag: `"${version}"`, 'Cache-Control': control, 'Cache-Tag': name }
      const all = { ...lines, ...(varies ? { Vary: 'Accept-Language' } : {}) }
      const isKnown = request.headers.get('if-none-match') === lines.ETag
      return isKnown
        ? new Response(null, { status: 304, headers: all })
        : new Response(`${version}`, { headers: all })
    },
    rfc9111(),
  )
  const ask = async (name: Path, method = 'GET', sent: Readonly<Record<string, string>> = {}) =>
    handler(new Request(`http://a.test${name}`, { method, headers: sent }))
  return { state, clock, cache, ask }
}

test('nobody gets what was invalidated, in whatever order things happen', async () => {
  const silent = vi.spyOn(console, 'error').mockImplementation(() => {})
  const run = fc.asyncProperty(
    fc.array(step, { maxLength: 25 }),
    controls,
    fc.boolean(),
    async (steps, control, varies) => {
      const { state, clock, cache, ask } = site(control, varies)
      const oldest: Record<Path, number> = { '/a': 1, '/b': 1 }
      for (const one of steps) {
        if (one.do === 'advance') clock.advance(one.seconds * 1000)
        else if (one.do === 'settle') await settled(cache)
        else if (!('path' in one)) state.isBroken = one.do === 'break'
        else if (one.do === 'change') {
          state.versions[one.path]++
          if (one.by === 'tag') await cache.updateTag(one.path)
          if (one.by === 'soft') await cache.revalidateTag(one.path, 'max')
          if (one.by === 'post' && !state.isBroken) await ask(one.path, 'POST')
          if (one.by === 'tag' || (one.by === 'post' && !state.isBroken))
            oldest[one.path] = state.versions[one.path]
        } else {
          const response = await ask(one.path, 'GET', one.headers).catch(() => undefined)
          if (response === undefined) continue
          const tag = Number(response.headers.get('etag')?.replaceAll('"', ''))
          expect(tag).toBeGreaterThanOrEqual(oldest[one.path])
          const text = await response.text()
          if (response.status === 206) expect(text).toBe(`${tag}`.slice(0, 1))
          else if (response.status === 304) expect(tag).toBe(1)
          else expect(text).toBe(`${tag}`)
        }
      }
      await settled(cache)
    },
  )
  await fc.assert(run, { numRuns: 400 })
  silent.mockRestore()
})
