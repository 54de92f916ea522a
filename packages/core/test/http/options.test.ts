import { describe, expect, it, test } from 'vitest'
import type { CacheError } from '../../src/cache/errors.ts'
import { createCache } from '../../src/create-cache.ts'
import { Mount } from '../../src/http/mount.ts'
import { rfc9111 } from '../../src/http/rfc9111.ts'

function errorOf(options: object): string | undefined {
  try {
    new Mount(createCache(), options)
    return undefined
  } catch (error) {
    expect((error as CacheError).code).toBe('ERR_RESTALE_INVALID_OPTION')
    return (error as Error).message
  }
}

describe('a wrong option says what would be right', () => {
  test.each<[object, string]>([
    [{ optIn: 'header' }, 'option optIn must be "route" or "headers", got "header"'],
    [{ statuses: 'all' }, 'option statuses must be "any" or a list of final statuses'],
    [{ statuses: [206] }, 'option statuses must be'],
    [{ heuristics: 1 }, 'option heuristics must be true or false, got number 1'],
    [{ targetedFields: 'cdn-cache-control' }, 'option targetedFields must be a list of header names'],
    [{ requestDirectives: 'yes' }, 'option requestDirectives must be true or false'],
    [{ staleOnError: 'yes' }, 'option staleOnError must be true or false'],
    [{ setCookie: true }, 'option setCookie must be "refuse" or "store"'],
    [{ perRequestFields: 'keep' }, 'option perRequestFields must be "strip" or "store"'],
    [{ unsafeMethods: false }, 'option unsafeMethods must be "invalidate" or "ignore"'],
    [{ tagFields: 'drop' }, 'option tagFields must be "keep" or "strip" or "ignore"'],
    [{ downstream: 'cdn' }, 'option downstream must be a list of "browser" and "cdn"'],
    [{ downstream: ['cdns'] }, 'option downstream must be'],
    [{ cookies: 'store' }, 'option cookies must be "pass" or "ignore"'],
    [{ shared: 1 }, 'option shared must be true or false'],
  ])('%o', (options, message) => expect(errorOf(options)).toContain(message))
})

describe('rfc9111()', () => {
  it('is taken as options, whole and changed', () => {
    expect(errorOf(rfc9111())).toBeUndefined()
    expect(errorOf({ ...rfc9111(), setCookie: 'refuse', life: 'hours' })).toBeUndefined()
  })

  it('is a new object each time', () => {
    expect(rfc9111()).not.toBe(rfc9111())
    expect(rfc9111()).toEqual(rfc9111())
  })
})
