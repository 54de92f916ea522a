import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepCopy, isPrimitive, UncopyableError } from '../../src/cache/copy.ts'

function messageOf(value: unknown): string {
  try {
    deepCopy(value)
  } catch (error) {
    if (error instanceof UncopyableError) return error.message
    throw error
  }
  throw new Error('it did not throw')
}

/**
 * A value in full, as text: kinds, prototypes, holes, -0 and NaN, which `isDeepStrictEqual` of Node 20 takes for
 * unequal in a Date.
 */
function shown(value: unknown): string {
  return inspect(value, { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, maxStringLength: null })
}

/** Changes everything that can be changed in a value, at every depth. */
function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Date) value.setTime(-1)
  else if (value instanceof ArrayBuffer) new Uint8Array(value).fill(255)
  else if (ArrayBuffer.isView(value))
    new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(255)
  else if (value instanceof Map) {
    for (const [key, member] of value) {
      spoil(key, seen)
      spoil(member, seen)
    }
    value.set('spoilt', true)
  } else if (value instanceof Set) {
    for (const member of value) spoil(member, seen)
    value.add('spoilt')
  } else {
    for (const name of Object.keys(value)) spoil(Object.getOwnPropertyDescriptor(value, name)?.value, seen)
    Object.assign(value, { spoilt: true })
  }
}

const anyValue = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
})

describe('a copy', () => {
  test('is equal to the original, prototypes and holes included', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(shown(deepCopy(value).value)).toBe(shown(value))
      }),
      { numRuns: 1000 },
    )
  })

  test('is independent of it, in both directions', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const first = deepCopy(value).value
        const second = deepCopy(value).value
        spoil(value)
        expect(shown(first)).toBe(shown(second))
        const third = deepCopy(first).value
        spoil(first)
        expect(shown(second)).toBe(shown(third))
      }),
      { numRuns: 500 },
    )
  })

  test('of a primitive is the primitive', () => {
    for (const value of ['', 'a', 0, -0, Number.NaN, 1n, true, null, undefined]) {
      expect(isPrimitive(value)).toBe(true)
      expect(Object.is(deepCopy(value).value, value)).toBe(true)
    }
    for (const value of [{}, [], () => {}, Symbol('s')]) expect(isPrimitive(value)).toBe(false)
  })

  test('keeps references that are shared, and cycles', () => {
    const shared = { n: 1 }
    const value: Record<string, unknown> = { a: shared, b: [shared, shared], date: new Date(5) }
    value.self = value
    value.map = new Map<unknown, unknown>([[shared, value]])
    value.set = new Set([value])
    value.again = value.date
    const copy = deepCopy(value).value as typeof value & {
      b: unknown[]
      map: Map<unknown, unknown>
      set: Set<unknown>
    }
    expect(copy.self).toBe(copy)
    expect(copy.a).not.toBe(shared)
    expect(copy.b).toEqual([copy.a, copy.a])
    expect(copy.b[0]).toBe(copy.a)
    expect(copy.b[1]).toBe(copy.a)
    expect(copy.map.get(copy.a)).toBe(copy)
    expect(copy.set.has(copy)).toBe(true)
    expect(copy.again).toBe(copy.date)
    expect(copy.date).not.toBe(value.date)
  })

  test('keeps a member that is called __proto__, and pollutes nothing', () => {
    const value = JSON.parse('{"__proto__": {"admin": true}, "constructor": {"prototype": {"x": 1}}}')
    const copy = deepCopy(value).value
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(Object.hasOwn(copy, '__proto__')).toBe(true)
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
    expect(copy.admin).toBeUndefined()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('of something frozen can be changed', () => {
    const copy = deepCopy(Object.freeze({ list: Object.freeze([1]) })).value as { list: number[] }
    copy.list.push(2)
    expect(copy.list).toEqual([1, 2])
  })

  test('of a list keeps the members that are no elements, such as what an expression found', () => {
    const found = /(?<year>\d+)-(\d+)/.exec('on 2024-05')
    const copy = deepCopy(found).value
    expect([...(copy ?? [])]).toEqual(['2024-05', '2024', '05'])
    expect(copy?.index).toBe(3)
    expect(copy?.input).toBe('on 2024-05')
    expect(copy?.groups?.year).toBe('2024')
    expect(copy?.groups).not.toBe(found?.groups)
  })

  test('of an expression keeps where its next match begins', () => {
    const value = Object.assign(/a/gi, { lastIndex: 3 })
    const copy = deepCopy(value).value
    expect([copy.source, copy.flags, copy.lastIndex]).toEqual(['a', 'gi', 3])
    expect(copy).not.toBe(value)
  })
})

describe('a copy of bytes', () => {
  test('of a Buffer is a Buffer', () => {
    const copy = deepCopy(Buffer.from('hello')).value
    expect(Buffer.isBuffer(copy)).toBe(true)
    expect(copy.toString()).toBe('hello')
  })

  test('holds on to no more than the bytes that are shown', () => {
    const large = new ArrayBuffer(100_000)
    const pooled = Buffer.from('a small one comes out of a pool')
    const views = [
      new Uint8Array(large, 8, 4),
      new Float64Array(large, 16, 2),
      new DataView(large, 8, 4),
      Buffer.from(large, 8, 4),
      Buffer.alloc(100_000).subarray(5, 9),
      pooled,
      Buffer.alloc(0),
    ]
    for (const view of views) {
      const { value, bytes } = deepCopy(view)
      expect(value.byteLength).toBe(view.byteLength)
      expect(value.byteOffset).toBe(0)
      expect(value.buffer.byteLength).toBe(view.byteLength)
      expect(value.buffer).not.toBe(view.buffer)
      expect(isDeepStrictEqual(value, view)).toBe(true)
      expect(bytes).toBeLessThan(1000)
    }
    const view = deepCopy(new DataView(Uint8Array.from([1, 2, 3, 4]).buffer, 1, 2)).value
    expect([view.getUint8(0), view.getUint8(1), view.byteLength]).toEqual([2, 3, 2])
  })

  test('shares no memory with what is shared between threads', () => {
    const shared = new SharedArrayBuffer(8)
    for (const view of [new Uint8Array(shared), new DataView(shared), Buffer.from(shared)]) {
      const copy = deepCopy(view).value
      new Uint8Array(shared).fill(7)
      expect(new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength)).toEqual(new Uint8Array(8))
      new Uint8Array(shared).fill(0)
    }
  })
})

describe('a copy of an error', () => {
  test('is an error of the same kind that says the same', () => {
    for (const error of [new Error('one'), new TypeError('two'), new RangeError('')]) {
      const copy = deepCopy(error).value
      expect(copy).not.toBe(error)
      expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(error))
      expect([copy.name, copy.message, copy.stack]).toEqual([error.name, error.message, error.stack])
      expect(Object.keys(copy)).toEqual([])
    }
  })

  test('keeps what was added to it, and its cause, as copies', () => {
    const details = { retry: [1] }
    const cause = new Error('below', { cause: details })
    const error = Object.assign(new Error('above', { cause }), { code: 'E_ABOVE', details })
    const copy = deepCopy(error).value
    expect(copy.code).toBe('E_ABOVE')
    expect(copy.details).toEqual({ retry: [1] })
    expect(copy.details).not.toBe(details)
    expect((copy.cause as Error).message).toBe('below')
    expect((copy.cause as Error).cause).toBe(copy.details)
    expect(Object.keys(copy)).toEqual(['code', 'details'])
  })

  test('is refused with what it carries', () => {
    class Request {}
    const error = new Error('failed', { cause: new Request() })
    expect(messageOf([error])).toBe('an instance of Request at value[0].cause')
  })

  test('costs the bytes of its message', () => {
    expect(deepCopy(new Error('x'.repeat(100_000))).bytes).toBeGreaterThan(100_000)
  })
})

describe('what would come out as something different', () => {
  class Post {
    id = 1
  }
  class Zoned extends Date {}
  class Rows extends Array<number> {}
  class Bytes extends Uint8Array {}
  class Failure extends Error {}
  class Table extends Map {}

  test.each<[unknown, string]>([
    [new Post(), 'an instance of Post at value'],
    [{ a: [{ post: new Post() }] }, 'an instance of Post at value.a[0].post'],
    [() => {}, 'a function at value'],
    [{ save: () => {} }, 'a function at value.save'],
    [Symbol('s'), 'a symbol at value'],
    [[Symbol('s')], 'a symbol at value[0]'],
    [new Map([['key', new Post()]]), 'an instance of Post at value (a value)'],
    [new Map([[new Post(), 1]]), 'an instance of Post at value (a key)'],
    [new Set([new Post()]), 'an instance of Post at value (a member)'],
    [Promise.resolve(), 'an instance of Promise at value'],
    [new WeakMap(), 'an instance of WeakMap at value'],
    [new URL('http://a/'), 'an instance of URL at value'],
    [Object('boxed'), 'an instance of String at value'],
    [Object.create({}), 'an instance of Object at value'],
    [Object.create(Object.create(null)), 'an object with a prototype of its own at value'],
    [new Zoned(0), 'an instance of Zoned at value'],
    [Rows.of(1), 'an instance of Rows at value'],
    [new Bytes(1), 'an instance of Bytes at value'],
    [new Failure('no'), 'an instance of Failure at value'],
    [new Table(), 'an instance of Table at value'],
    [{ a: { [Symbol('s')]: 1 } }, 'a member named by a symbol at value.a'],
  ])('is refused, and the message says where: %#', (value, message) => {
    expect(messageOf(value)).toBe(message)
  })
})

describe('the bytes of a copy', () => {
  const bytesOf = (value: unknown) => deepCopy(value).bytes

  test('are at least those of the content', () => {
    const size = 10_000
    expect(bytesOf('x'.repeat(size))).toBeGreaterThanOrEqual(size * 2)
    expect(bytesOf({ ['x'.repeat(size)]: 1 })).toBeGreaterThanOrEqual(size * 2)
    expect(bytesOf(Buffer.alloc(size))).toBeGreaterThanOrEqual(size)
    expect(bytesOf(new ArrayBuffer(size))).toBeGreaterThanOrEqual(size)
    expect(bytesOf(new Float64Array(size))).toBeGreaterThanOrEqual(size * 8)
    expect(bytesOf(new DataView(new ArrayBuffer(size)))).toBeGreaterThanOrEqual(size)
    expect(bytesOf(new Array(size).fill(1))).toBeGreaterThanOrEqual(size * 8)
    expect(bytesOf(new Array(size))).toBeGreaterThanOrEqual(size * 8)
    expect(bytesOf(new Set(Array.from({ length: size }, (_, index) => index)))).toBeGreaterThanOrEqual(
      size * 8,
    )
    expect(bytesOf(new Map([['a', 'x'.repeat(size)]]))).toBeGreaterThanOrEqual(size * 2)
    expect(bytesOf(2n ** 80_000n)).toBeGreaterThanOrEqual(size)
    expect(bytesOf(new RegExp('x'.repeat(size)))).toBeGreaterThanOrEqual(size)
  })

  test('grow with everything that is added', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (value, more) => {
        expect(bytesOf([value, more])).toBeGreaterThan(bytesOf([value]))
        expect(bytesOf({ a: value, b: more })).toBeGreaterThan(bytesOf({ a: value }))
        expect(bytesOf([value])).toBeGreaterThan(bytesOf(value))
      }),
    )
  })

  test('count what is shared once', () => {
    const text = { text: 'x'.repeat(10_000) }
    expect(bytesOf([text, text, text])).toBeLessThan(bytesOf(text) * 1.1)
  })
})
