import { describe, expect, it, vi } from 'vitest'
import { counter, setup } from './support.ts'

describe('keyOf', () => {
  it('decides instead of the arguments what is one call and what another', async () => {
    const { cache } = setup()
    const get = cache.cached((id: string, trace: string) => `${id} for ${trace}`, {
      key: 'x',
      keyOf: ([id]) => id,
    })
    expect(await get('a', 'first')).toBe('a for first')
    expect(await get('a', 'second')).toBe('a for first')
    expect(await get('b', 'third')).toBe('b for third')
  })

  it('makes arguments that cannot be part of a key possible', async () => {
    const { cache } = setup()
    class Connection {
      query = (id: string) => `row ${id}`
    }
    const { read } = counter()
    const get = cache.cached(
      (connection: Connection, id: string, _signal: AbortSignal, _done: () => void) =>
        `${connection.query(id)}, read ${read()}`,
      { key: 'x', keyOf: ([, id]) => id },
    )
    const call = (id: string) => get(new Connection(), id, new AbortController().signal, () => {})
    expect([await call('1'), await call('1'), await call('2')]).toEqual([
      'row 1, read 1',
      'row 1, read 1',
      'row 2, read 2',
    ])
    expect(() => get.key(new Connection(), '1', new AbortController().signal, () => {})).not.toThrow()
  })

  it('is asked once for each call, and gets all arguments', async () => {
    const { cache } = setup()
    const keyOf = vi.fn(([id]: [id: number, rest?: string]) => id)
    const get = cache.cached((id: number, _rest?: string) => id, { key: 'x', keyOf })
    await get(1, 'a')
    await get(1)
    expect(keyOf.mock.calls).toEqual([[[1, 'a']], [[1]]])
  })

  const different: unknown[] = [
    1,
    '1',
    1n,
    -0,
    0,
    Number.NaN,
    null,
    false,
    '',
    [],
    [1],
    ['1'],
    ['a', 'b'],
    ['a,b'],
    [['a'], 'b'],
    [undefined],
    [null],
    {},
    { a: 1 },
    { a: undefined },
    new Date(1),
    new Map([[1, 2]]),
    new Set([1, 2]),
    Buffer.from('a'),
    new Uint8Array([97]),
  ]

  it('has what it gives encoded one to one, like an argument', async () => {
    const { cache } = setup()
    const { read } = counter()
    const get = cache.cached(read as (given: unknown) => number, { key: 'x', keyOf: ([given]) => given })
    const first = await Promise.all(different.map((given) => get(given)))
    expect(new Set(first).size).toBe(different.length)
    expect(await Promise.all(different.map((given) => get(given)))).toEqual(first)
    expect(await get({ b: 1, a: 2 })).toBe(await get({ a: 2, b: 1 }))
  })

  it('cannot spell the key of another function', async () => {
    const { cache } = setup()
    const a = cache.cached((_given: string) => 'a', { key: 'a', keyOf: ([given]) => given })
    const ab = cache.cached((_given: string) => 'ab', { key: 'ab', keyOf: ([given]) => given })
    const keys = ['', 'b', 'bs0:', '2:ab'].flatMap((given) => [a.key(given), ab.key(given)])
    expect(new Set(keys).size).toBe(8)
  })

  class Point {}
  const wrong: [string, () => unknown, string][] = [
    ['nothing, as if a return was forgotten', () => undefined, 'undefined'],
    ['a promise', async () => 1, 'an instance of Promise'],
    ['an instance of a class', () => new Point(), 'an instance of Point'],
    ['an instance inside', () => [{ point: new Point() }], 'an instance of Point'],
    ['a function', () => () => 1, 'a function'],
    ['a symbol', () => Symbol('s'), 'a symbol'],
  ]

  it.each(wrong)('that gives %s: the call rejects, says so, and nothing runs', async (_what, keyOf, said) => {
    const { cache, kinds } = setup()
    const fn = vi.fn(() => 1)
    const get = cache.cached(fn, { key: 'the-function', keyOf })
    const refusal = expect.objectContaining({
      name: 'CacheError',
      code: 'ERR_RESTALE_INVALID_ARGUMENT',
      message: expect.stringMatching(/"the-function": what keyOf gave\b.* holds/),
    })
    await expect(get()).rejects.toEqual(refusal)
    await expect(get()).rejects.toThrow(said)
    for (const method of [get.revalidate, get.delete, get.key, get.peek]) expect(method).toThrow(refusal)
    expect(fn).not.toHaveBeenCalled()
    expect(kinds()).toEqual([])
  })

  it('that throws: the call rejects with that very error, the methods throw it', async () => {
    const { cache, kinds } = setup()
    const error = new Error('no such member')
    const fn = vi.fn(() => 1)
    const get = cache.cached(fn, {
      key: 'x',
      keyOf: () => {
        throw error
      },
    })
    const call = get()
    await expect(call).rejects.toBe(error)
    for (const method of [get.revalidate, get.delete, get.key, get.peek]) expect(method).toThrow(error)
    expect(fn).not.toHaveBeenCalled()
    expect(kinds()).toEqual([])
  })

  it('decides for the methods too', async () => {
    const { cache, settled } = setup()
    const { read } = counter()
    const get = cache.cached((_id: string, _trace: string) => read(), { key: 'x', keyOf: ([id]) => id })
    await get('a', '1')
    expect(get.key('a', '2')).toBe(get.key('a', '3'))
    expect(get.peek('a', '4')?.value).toBe(1)
    await get.revalidate('a', '5')
    expect(await get('a', '6')).toBe(1)
    await settled()
    expect(await get('a', '7')).toBe(2)
    await get.delete('a', '8')
    expect(await get('a', '9')).toBe(3)
  })
})
