import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Mount } from '../../src/http.ts'
import { createCache } from '../../src/index.ts'
import { fakeClock } from '../../src/testing.ts'

const request = {
  method: 'GET',
  scheme: 'http',
  authority: 'localhost',
  target: '/it',
  headers: {},
  rawHeaders: [],
  isAuthenticated: false,
  isRoute: false,
} as const

/** A new one each time, as it comes. */
const decide = (mount: Mount) => mount.decide({ ...request, native: {} })

const head = {
  status: 200,
  lines: ['Content-Length', '2'],
  baseline: [],
  body: new TextEncoder().encode('it'),
  isAuthenticated: false,
  route: undefined,
} as const

function filled(revalidate: number, lines: readonly string[] = []) {
  const clock = fakeClock()
  const cache = createCache({ clock })
  const mount = new Mount(cache, { life: { revalidate, expire: revalidate + 60 }, tags: ['t'] })
  const verdict = decide(mount)
  if (verdict instanceof Promise || verdict.do !== 'capture') throw new Error('It is not a miss')
  verdict.capture.head({ ...head, lines: [...head.lines, ...lines] })
  verdict.capture.headOut([])
  return { clock, cache, mount }
}

function answer(mount: Mount, ifNoneMatch: string | undefined) {
  const conditions =
    ifNoneMatch === undefined
      ? {}
      : { headers: { 'if-none-match': ifNoneMatch }, rawHeaders: ['If-None-Match', ifNoneMatch] }
  const verdict = mount.decide({ ...request, ...conditions, native: {} })
  if (verdict instanceof Promise || verdict.do !== 'send') throw new Error('It is no hit')
  return verdict.response
}

function sent(mount: Mount) {
  const verdict = decide(mount)
  if (verdict instanceof Promise || verdict.do !== 'send') throw new Error('It is no hit')
  const { headers, cacheStatus, whole } = verdict.response
  return { age: headers[headers.indexOf('Age') + 1], cacheStatus, whole }
}

test('each hit tells the age and the life of its own instant, however many came before in the same second', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 1_700 }), { minLength: 1, maxLength: 40 })
  const property = fc.property(steps, fc.integer({ min: 5, max: 90 }), (pauses, revalidate) => {
    const { clock, mount } = filled(revalidate)
    let passed = 0
    for (const pause of pauses) {
      if (passed + pause >= revalidate * 1000) break
      clock.advance(pause)
      passed += pause
      const { age, cacheStatus, whole } = sent(mount)
      expect(age).toBe(String(Math.floor(passed / 1000)))
      expect(cacheStatus).toBe(`restale; hit; ttl=${Math.ceil(revalidate - passed / 1000)}`)
      if (whole !== undefined) expect([...whole]).toEqual(expect.arrayContaining(['Age', age, cacheStatus]))
    }
  })
  fc.assert(property, { numRuns: 300 })
})

test('who says what they have of it is answered for that, whatever others have said in the same second', () => {
  const own = '"2-abc"'
  const questions = [
    undefined,
    own,
    `W/${own}`,
    '"other"',
    '*',
    `"other", ${own}`,
    '',
    `${'x'.repeat(300)}, ${own}`,
  ]
  const asked = fc.array(fc.constantFrom(...questions), { minLength: 2, maxLength: 20 })
  const property = fc.property(asked, (asked) => {
    const { mount } = filled(60, ['ETag', own])
    for (const ifNoneMatch of asked) {
      const { status, body } = answer(mount, ifNoneMatch)
      const isUnmodified = ifNoneMatch === '*' || ifNoneMatch?.includes(own) === true
      expect({ ifNoneMatch, status }).toEqual({ ifNoneMatch, status: isUnmodified ? 304 : 200 })
      expect(body === undefined).toBe(isUnmodified)
    }
  })
  fc.assert(property, { numRuns: 300 })
})

test('a response that never turns stale tells its age all the same', () => {
  const { clock, mount } = filled(Number.POSITIVE_INFINITY)
  expect(sent(mount)).toMatchObject({ age: '0', cacheStatus: 'restale; hit' })
  clock.advance(1_000)
  expect(sent(mount)).toMatchObject({ age: '1', cacheStatus: 'restale; hit' })
})

test('an invalidation with a deadline is told at once', async () => {
  const { cache, mount } = filled(60)
  expect(sent(mount).cacheStatus).toBe('restale; hit; ttl=60')
  await cache.revalidateTag('t', { expire: 10 })
  const { cacheStatus } = sent(mount)
  expect(cacheStatus).toBe('restale; hit; ttl=-1')
})
