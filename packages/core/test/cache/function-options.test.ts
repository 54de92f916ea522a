import { describe, expect, it } from 'vitest'
import { setup } from './support.ts'

describe('wrong options', () => {
  const wrong: [string, unknown, string][] = [
    ['keyOf', 'id', 'a function, got string id'],
    ['keyOf', null, 'a function, got null'],
    ['clone', 'no', 'true or false, got string no'],
    ['clone', 0, 'true or false, got number 0'],
    ['hardTimeoutMs', 0, 'more than 0 milliseconds, got number 0'],
    ['hardTimeoutMs', -1, 'more than 0 milliseconds, got number -1'],
    ['hardTimeoutMs', Number.NaN, 'more than 0 milliseconds, got number NaN'],
    ['hardTimeoutMs', '50', 'more than 0 milliseconds, got string 50'],
    ['hardTimeoutMs', null, 'more than 0 milliseconds, got null'],
    ['staleIfError', -1, '0 or more seconds, got number -1'],
    ['staleIfError', Number.NaN, '0 or more seconds, got number NaN'],
    ['staleIfError', true, '0 or more seconds, got boolean true'],
    ['staleIfError', null, '0 or more seconds, got null'],
    ['tags', 'posts', 'a list of strings or a function that gives one, got string posts'],
    ['tags', { 0: 'posts' }, 'a list of strings or a function that gives one, got an object'],
  ]

  it.each(wrong)('%s: %o is refused by name, and the key stays free', (option, value, expected) => {
    const { cache } = setup()
    const define = (options: object) => cache.cached(() => 1, { key: 'get-post', ...options })
    expect(() => define({ [option]: value })).toThrow(
      expect.objectContaining({
        code: 'ERR_RESTALE_INVALID_OPTION',
        message: `cached function "get-post": ${option} must be ${expected}.`,
      }),
    )
    expect(() => define({})).not.toThrow()
  })

  it('that do not exist are refused by name, with those that do', () => {
    const { cache } = setup()
    const options = { key: 'x', staleIfErrors: 5 }
    expect(() => cache.cached(() => 1, options)).toThrow(
      expect.objectContaining({
        code: 'ERR_RESTALE_INVALID_OPTION',
        message: expect.stringMatching(/"staleIfErrors".* staleIfError\b/),
      }),
    )
  })

  it.each([
    { hardTimeoutMs: 0.5 },
    { hardTimeoutMs: Number.POSITIVE_INFINITY },
    { staleIfError: 0 },
    { staleIfError: Number.POSITIVE_INFINITY },
    { keyOf: undefined, clone: undefined, hardTimeoutMs: undefined, staleIfError: undefined },
  ])('are not these: %o', async (options) => {
    const { cache } = setup()
    const get = cache.cached(() => 1, { key: 'x', ...(options as object) })
    expect(await get()).toBe(1)
  })
})
