import { describe, expect, test } from 'vitest'
import { CacheError } from '../../src/cache/errors.ts'
import { Profiles } from '../../src/cache/profiles.ts'
import { builtInProfiles } from '../../src/state/life.ts'

const never = Number.POSITIVE_INFINITY

function errorOf(run: () => unknown): CacheError {
  try {
    run()
  } catch (error) {
    if (error instanceof CacheError) return error
    throw error
  }
  throw new Error('it did not throw')
}

describe('a profile by name', () => {
  test('each built-in one has its fields', () => {
    const profiles = new Profiles()
    for (const [name, life] of Object.entries(builtInProfiles)) expect(profiles.fields(name)).toEqual(life)
  })

  test.each(['nope', '', 'Max', 'toString', '__proto__', 'constructor', 'hasOwnProperty', 'valueOf'])(
    '%j is unknown, and the known ones are named',
    (name) => {
      const profiles = new Profiles({ feed: { revalidate: 60 } })
      const error = errorOf(() => profiles.fields(name))
      expect(error.code).toBe('ERR_RESTALE_UNKNOWN_PROFILE')
      expect(error.message).toContain(`"${name}"`)
      expect(error.message).toContain('default, seconds, minutes, hours, days, weeks, max, feed')
      expect(errorOf(() => profiles.deadline(name)).code).toBe('ERR_RESTALE_UNKNOWN_PROFILE')
    },
  )

  test('a custom one may bear the name of a member of Object.prototype', () => {
    const profiles = new Profiles(JSON.parse('{"__proto__": {"expire": 5}, "toString": {"expire": 6}}'))
    expect(profiles.fields('__proto__')).toEqual({ expire: 5 })
    expect(profiles.fields('toString')).toEqual({ expire: 6 })
    expect(errorOf(() => profiles.fields('constructor')).code).toBe('ERR_RESTALE_UNKNOWN_PROFILE')
  })
})

describe('custom profiles', () => {
  test('are merged over the built-in ones, field by field', () => {
    const profiles = new Profiles({ hours: { stale: 5 }, feed: { stale: 0, revalidate: 60, expire: 3600 } })
    expect(profiles.fields('hours')).toEqual({ stale: 5, revalidate: 3600, expire: 86400 })
    expect(profiles.fields('feed')).toEqual({ stale: 0, revalidate: 60, expire: 3600 })
    expect(profiles.fields('days')).toEqual(builtInProfiles.days)
  })

  test('may leave fields out, and a field that is undefined is left out', () => {
    const profiles = new Profiles({ part: { revalidate: 60, expire: undefined as never } })
    expect(profiles.fields('part')).toEqual({ revalidate: 60 })
    expect('expire' in profiles.fields('part')).toBe(false)
    expect(profiles.deadline('part')).toBe(never)
  })

  test('an undefined field does not hide the built-in one', () => {
    const profiles = new Profiles({ hours: { expire: undefined as never, stale: 1 } })
    expect(profiles.fields('hours')).toEqual({ stale: 1, revalidate: 3600, expire: 86400 })
  })

  test('"default" is what a life falls back to', () => {
    expect(new Profiles().default).toEqual(builtInProfiles.default)
    expect(new Profiles({ default: { revalidate: 10 } }).default).toEqual({
      stale: 300,
      revalidate: 10,
      expire: never,
    })
  })

  test.each<[unknown, RegExp]>([
    [{ feed: { revalidate: -1 } }, /Profile "feed": "revalidate" must be 0 or more/],
    [{ feed: { expire: Number.NaN } }, /Profile "feed": "expire"/],
    [{ feed: { stale: '5' } }, /Profile "feed": "stale" must be a number/],
    [{ feed: { revalidate: 61, expire: 60 } }, /Profile "feed": "revalidate" \(61\)/],
    [{ feed: null }, /Profile "feed": expected an object/],
    [{ feed: 60 }, /Profile "feed": expected an object/],
    [{ feed: { max: 5 } }, /Profile "feed": "max" is not a field/],
  ])('wrong ones are refused when the cache is made: %#', (custom, message) => {
    const error = errorOf(() => new Profiles(custom as never))
    expect(error.code).toBe('ERR_RESTALE_INVALID_LIFE')
    expect(error.message).toMatch(message)
  })

  test('one that only contradicts the built-in one it is merged over is refused, too', () => {
    const error = errorOf(() => new Profiles({ seconds: { revalidate: 120 } }))
    expect(error.code).toBe('ERR_RESTALE_INVALID_LIFE')
    expect(error.message).toMatch(/Profile "seconds".*"revalidate" \(120\).*"expire" \(60\)/)
    expect(new Profiles({ seconds: { revalidate: 60 } }).fields('seconds').revalidate).toBe(60)
  })

  test.each([null, 5, 'feed', [{ expire: 5 }]])('have to be an object: %j', (custom) => {
    expect(errorOf(() => new Profiles(custom as never)).code).toMatch(/ERR_RESTALE_INVALID_(LIFE|OPTION)/)
  })

  test('what the caller does to its object afterwards changes nothing', () => {
    const feed = { revalidate: 60 }
    const profiles = new Profiles({ feed })
    feed.revalidate = -5
    expect(profiles.fields('feed')).toEqual({ revalidate: 60 })
  })
})

describe('a life in full', () => {
  test('keeps the fields that are given and only those', () => {
    const profiles = new Profiles()
    expect(profiles.fields({ revalidate: 5 })).toEqual({ revalidate: 5 })
    expect(profiles.fields({ revalidate: 0, expire: never })).toEqual({ revalidate: 0, expire: never })
    const fields = profiles.fields({ stale: undefined, expire: 5 })
    expect(Object.keys(fields)).toEqual(['expire'])
  })

  test.each([
    undefined,
    null,
    false,
    5,
    [],
    { revalidate: 2, expire: 1 },
    { revalidate: -1 },
    { expire: Number.NaN },
    { expire: false },
    { seconds: 5 },
  ])('throws with a code if it is %j', (life) => {
    expect(errorOf(() => new Profiles().fields(life)).code).toBe('ERR_RESTALE_INVALID_LIFE')
  })
})

describe('the deadline of an invalidation', () => {
  test.each<[unknown, number]>([
    ['max', 31_536_000],
    ['seconds', 60],
    ['default', never],
    [{ expire: 0 }, 0],
    [{ expire: 12.5 }, 12.5],
    [{ expire: never }, never],
    [{ expire: undefined }, never],
    [{}, never],
    ['part', never],
  ])('of %j is %d seconds', (profile, seconds) => {
    expect(new Profiles({ part: { revalidate: 5 } }).deadline(profile)).toBe(seconds)
  })
})
