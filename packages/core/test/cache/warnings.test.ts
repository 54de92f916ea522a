import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { describeError, explainOnce, warnOnce } from '../../src/cache/warnings.ts'

const warned: { message: unknown; options: unknown }[] = []

beforeEach(() => {
  warned.length = 0
  vi.spyOn(process, 'emitWarning').mockImplementation(((message: unknown, options: unknown) => {
    warned.push({ message, options })
  }) as typeof process.emitWarning)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('a warning', () => {
  test('goes out once for each code and subject, as a process warning with its code', () => {
    warnOnce('TEST_ONCE', 'a', 'the first')
    warnOnce('TEST_ONCE', 'a', 'the second')
    warnOnce('TEST_ONCE', 'b', 'of another subject')
    warnOnce('TEST_ONCE_TOO', 'a', 'of another code')
    expect(warned).toEqual([
      { message: 'the first', options: { type: 'RestaleWarning', code: 'TEST_ONCE' } },
      { message: 'of another subject', options: { type: 'RestaleWarning', code: 'TEST_ONCE' } },
      { message: 'of another code', options: { type: 'RestaleWarning', code: 'TEST_ONCE_TOO' } },
    ])
  })

  test('is given about a hundred subjects of a code at most, and those silence no other code', () => {
    for (let index = 0; index < 1000; index++) warnOnce('TEST_FLOOD', `${index}`, 'flood')
    expect(warned).toHaveLength(100)
    warnOnce('TEST_AFTER_FLOOD', 'a', 'after')
    expect(warned).toHaveLength(101)
  })

  test('may have a code or a subject that is a member of Object.prototype', () => {
    warnOnce('constructor', '__proto__', 'one')
    warnOnce('__proto__', 'toString', 'two')
    warnOnce('__proto__', 'toString', 'three')
    expect(warned.map(({ message }) => message)).toEqual(['one', 'two'])
  })
})

const page = 'https://github.com/restale/restale/blob/main/docs/opting-in.md#why-was-it-not-cached'

describe('why something was not cached', () => {
  test.each(['production', 'test', ''])('is not said in %j', (environment) => {
    vi.stubEnv('NODE_ENV', environment)
    explainOnce(`GET /${environment}`, 'it sets a cookie')
    expect(warned).toEqual([])
  })

  test('is said in development, once for each route and reason', () => {
    vi.stubEnv('NODE_ENV', 'development')
    explainOnce('GET /dev', 'it sets a cookie')
    explainOnce('GET /dev', 'it sets a cookie')
    explainOnce('GET /dev', 'it is private')
    expect(warned.map(({ message }) => message)).toEqual([
      `GET /dev was not cached: it sets a cookie. See ${page}`,
      `GET /dev was not cached: it is private. See ${page}`,
    ])
  })
})

describe('an error in a warning', () => {
  test('is told with its stack, and anything else as it reads', () => {
    const error = new Error('down')
    expect(describeError(error)).toBe(error.stack)
    expect(describeError(Object.assign(new Error('down'), { stack: undefined }))).toBe('down')
    expect(describeError('a text')).toBe('a text')
    expect(describeError(undefined)).toBe('undefined')
    expect(describeError(Symbol('s'))).toBe('Symbol(s)')
  })

  test('never throws itself, whatever was thrown', () => {
    const hostile = {
      toString() {
        throw new Error('no')
      },
    }
    for (const error of [Object.create(null), hostile]) expect(typeof describeError(error)).toBe('string')
  })
})
