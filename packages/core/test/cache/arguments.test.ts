import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeArguments } from '../../src/cache/arguments.ts'
import { CacheError } from '../../src/cache/errors.ts'

const encode = (...args: unknown[]) => encodeArguments(args, 'get-post')

function errorOf(run: () => unknown): CacheError {
  try {
    run()
  } catch (error) {
    if (error instanceof CacheError) return error
    throw error
  }
  throw new Error('it did not throw')
}

/** Equality of arguments as the documentation says it, written without regard to how keys are made. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const kind = (value: object) => (isPlain(value) ? 'plain' : Object.getPrototypeOf(value))
  if (kind(a) !== kind(b)) return false
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
  if (a instanceof RegExp) {
    const other = b as RegExp
    return a.source === other.source && a.flags === other.flags && a.lastIndex === other.lastIndex
  }
  if (a instanceof Map || a instanceof Set) return isSame([...a], [...(b as Iterable<unknown>)])
  if (a instanceof ArrayBuffer) return isSame(new Uint8Array(a), new Uint8Array(b as ArrayBuffer))
  if (a instanceof DataView)
    return a.byteLength === (b as DataView).byteLength && isSame(a.buffer, (b as DataView).buffer)
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false
  // Own members, in any order: elements of arrays and typed arrays too, a hole being no member.
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(memberOf(a, name), memberOf(b, name)))
  )
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function memberOf(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

const anyValue = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
})

/** Few values, so that two of them are often nearly the same and sometimes the same. */
const leaf = fc.constantFrom<unknown>(
  0,
  -0,
  1,
  Number.NaN,
  '0',
  '1',
  '',
  'n1;',
  'a1:u',
  null,
  undefined,
  true,
  false,
  0n,
  1n,
  'null',
  'undefined',
  'true',
)
const alikeValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { weight: 4, arbitrary: leaf },
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'k1:a'), tie('value'), { maxKeys: 2 }),
    fc.array(tie('value'), { maxLength: 2 }).map((members) => new Set(members)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 1 }).map((members) => new Map(members)),
    fc.constantFrom(0, 1, Number.NaN).map((at) => new Date(at)),
    fc.constantFrom([], [0], [1], [0, 1]).map((bytes) => new Uint8Array(bytes)),
    fc.constantFrom([], [0], [1]).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom([], [0], [1]).map((bytes) => new Uint8Array(bytes).buffer),
    fc.constantFrom([0], [1]).map((bytes) => new DataView(new Uint8Array(bytes).buffer)),
    fc.constantFrom(0, -0, 1).map((number) => new Float64Array([number])),
    fc.constantFrom('a', 'a/g', '(?:)').map((source) => new RegExp(source)),
    fc.constantFrom('', 'g').map((flags) => new RegExp('a', flags)),
    fc.constantFrom(1, 2).map((length) => new Array(length)),
  ),
})).value

/** The same again, made of other objects whose members were added in the opposite order. */
function remade(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [remade(key), remade(member)]))
  if (value instanceof Set) return new Set([...value].map(remade))
  if (Array.isArray(value))
    return Object.assign(
      new Array(value.length),
      Object.fromEntries(Object.entries(value).map(([index, member]) => [index, remade(member)])),
    )
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  if (!isPlain(value)) return structuredClone(value)
  const copy = {}
  for (const name of Object.keys(value).reverse()) {
    const member = remade(memberOf(value, name))
    Object.defineProperty(copy, name, { value: member, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

describe('equal keys mean equal arguments, and the other way round', () => {
  test('for arguments that are nearly the same', () => {
    const counts = { equal: 0, different: 0 }
    const list = fc.array(alikeValue, { maxLength: 3 })
    fc.assert(
      fc.property(list, list, (a, b) => {
        const isEqual = isSame(a, b)
        expect(encode(...a) === encode(...b)).toBe(isEqual)
        counts[isEqual ? 'equal' : 'different']++
      }),
      { numRuns: 3000 },
    )
    expect(counts.equal).toBeGreaterThan(0)
    expect(counts.different).toBeGreaterThan(0)
  })

  test('for one argument, where the same comes up often', () => {
    let equal = 0
    fc.assert(
      fc.property(alikeValue, alikeValue, (a, b) => {
        expect(encode(a) === encode(b)).toBe(isSame(a, b))
        if (isSame(a, b)) equal++
      }),
      { numRuns: 3000 },
    )
    expect(equal).toBeGreaterThan(20)
  })

  test('for anything at all', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 3 }), fc.array(anyValue, { maxLength: 3 }), (a, b) => {
        expect(encode(...a) === encode(...b)).toBe(isSame(a, b))
      }),
      { numRuns: 500 },
    )
  })

  test('for the same made again, with members in another order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyValue, alikeValue), { maxLength: 3 }), (args) => {
        const again = args.map(remade)
        expect(isSame(args, again)).toBe(true)
        expect(encode(...again)).toBe(encode(...args))
      }),
      { numRuns: 500 },
    )
  })

  test('for strings that look like the encoding of something else', () => {
    const text = fc.array(fc.constantFrom('s', '1', ':', ';', 'n', 'u', 'a', 'k', 'z'), { maxLength: 8 })
    const list = fc.array(
      text.map((parts) => parts.join('')),
      { maxLength: 3 },
    )
    fc.assert(
      fc.property(list, list, (a, b) => {
        expect(encode(...a) === encode(...b)).toBe(isSame(a, b))
        expect(encode(...a)).not.toBe(encode(a))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('what is told apart', () => {
  test.each<[string, unknown[], unknown[]]>([
    ['a number and its string', [1], ['1']],
    ['a number and its bigint', [1], [1n]],
    ['0 and -0', [0], [-0]],
    ['null and undefined', [null], [undefined]],
    ['undefined and absent', [undefined], []],
    ['a trailing undefined and absent', [1, undefined], [1]],
    ['a member that is undefined and none', [{ a: undefined }], [{}]],
    ['a hole and undefined', [new Array(1)], [[undefined]]],
    ['one list and two arguments', [[1, 2]], [1, 2]],
    ['where lists begin and end', [[1], [2]], [[1, 2], []]],
    ['an empty list and an empty object', [[]], [{}]],
    ['an object and a Map', [{ a: 1 }], [new Map([['a', 1]])]],
    ['a list and a Set', [[1]], [new Set([1])]],
    [
      'the order in a Map',
      [
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ],
      [
        new Map([
          ['b', 2],
          ['a', 1],
        ]),
      ],
    ],
    ['the order in a Set', [new Set([1, 2])], [new Set([2, 1])]],
    ['a list as a key of a Map', [new Map([[[1, 2], 3]])], [new Map<unknown, unknown>([[1, 2]])]],
    ['a Date and its string', [new Date(0)], [new Date(0).toJSON()]],
    ['a Date and its number', [new Date(0)], [0]],
    ['an invalid Date and another', [new Date(Number.NaN)], [new Date(0)]],
    ['an expression and its text', [/a/], ['/a/']],
    ['flags of an expression', [/a/g], [/a/]],
    ['where an expression stands', [Object.assign(/a/g, { lastIndex: 3 })], [/a/g]],
    ['a Buffer and bytes', [Buffer.from('a')], [Uint8Array.from([97])]],
    ['two kinds of views', [new Uint8Array(2)], [new Uint16Array(1)]],
    ['a view and its buffer', [new Uint8Array(2)], [new ArrayBuffer(2)]],
    ['an address and its text', [new URL('http://a/')], ['http://a/']],
    ['members called __proto__', [JSON.parse('{"__proto__":1}')], [{}]],
    ['upper and lower case', ['A'], ['a']],
    ['composed and decomposed', ['\u00e9'], ['e\u0301']],
    ['lone surrogates', ['\ud800'], ['\ud801']],
    [
      'a list with members of its own',
      [Object.assign(['a'], { index: 1 })],
      [Object.assign(['a'], { index: 2 })],
    ],
  ])('%s', (_what, a, b) => {
    expect(encode(...a)).not.toBe(encode(...b))
  })

  test('a view is only the bytes that it shows', () => {
    const bytes = Uint8Array.from([1, 2, 3, 4])
    expect(encode(bytes.subarray(1, 3))).toBe(encode(Uint8Array.from([2, 3])))
    expect(encode(new DataView(bytes.buffer, 1, 2))).toBe(
      encode(new DataView(Uint8Array.from([2, 3]).buffer)),
    )
  })

  test('an object without a prototype is as good as any', () => {
    expect(encode(Object.assign(Object.create(null), { a: 1 }))).toBe(encode({ a: 1 }))
  })

  test('one object in two places is no cycle', () => {
    const shared = { a: 1 }
    expect(encode([shared, shared], shared)).toBe(encode([{ a: 1 }, { a: 1 }], { a: 1 }))
  })
})

describe('instances of classes', () => {
  class Money {
    readonly amount: number
    readonly currency: string
    constructor(amount: number, currency: string) {
      this.amount = amount
      this.currency = currency
    }
    toJSON() {
      return [this.amount, this.currency]
    }
  }
  class Weight extends Money {}

  test('are what their toJSON says, under the name of their class', () => {
    expect(encode(new Money(1, 'EUR'))).toBe(encode(new Money(1, 'EUR')))
    expect(encode(new Money(1, 'EUR'))).not.toBe(encode(new Money(1, 'USD')))
    expect(encode(new Money(1, 'EUR'))).not.toBe(encode(new Weight(1, 'EUR')))
    expect(encode(new Money(1, 'EUR'))).not.toBe(encode([1, 'EUR']))
  })

  test('that extend a built-in class are never taken for it: what they add would not count', () => {
    class Zoned extends Date {
      readonly zone: string
      constructor(at: number, zone: string) {
        super(at)
        this.zone = zone
      }
      override toJSON() {
        return `${super.toJSON()} ${this.zone}`
      }
    }
    expect(encode(new Zoned(0, 'UTC'))).not.toBe(encode(new Zoned(0, 'CET')))
    expect(encode(new Zoned(0, 'UTC'))).not.toBe(encode(new Date(0)))
    class Named extends Map<string, number> {
      label = 'named'
    }
    class Ranked extends Set<number> {}
    class Pattern extends RegExp {}
    for (const value of [new Named(), new Ranked(), new Pattern('a')]) {
      const error = errorOf(() => encode(value))
      expect(error.code).toBe('ERR_RESTALE_INVALID_ARGUMENT')
      expect(error.message).toContain(`an instance of ${value.constructor.name}`)
    }
  })

  test('that extend Array are their elements and members, under the name of their class', () => {
    class Rows extends Array<number> {
      command = 'SELECT'
    }
    const rows = Rows.of(1, 2) as Rows
    expect(encode(rows)).toBe(encode(Rows.of(1, 2)))
    expect(encode(rows)).not.toBe(encode([1, 2]))
    expect(encode(rows)).not.toBe(encode(Object.assign([1, 2], { command: 'SELECT' })))
    expect(encode(rows)).not.toBe(encode(Object.assign(Rows.of(1, 2), { command: 'UPDATE' })))
  })

  test('without a constructor are refused or encoded, and never break the call', () => {
    const bare = Object.create(Object.create(null))
    expect(errorOf(() => encode(bare)).message).toContain('an unnamed class')
    const speaking = Object.create(Object.assign(Object.create(null), { toJSON: () => 'x' }))
    expect(encode(speaking)).toBe(encode(speaking))
  })
})

describe('what has no faithful encoding', () => {
  class Session {}
  test.each<[unknown, string]>([
    [() => {}, 'a function'],
    [Symbol('s'), 'a symbol'],
    [new Session(), 'an instance of Session without toJSON'],
    [new Error('no'), 'an instance of Error'],
    [Promise.resolve(), 'an instance of Promise'],
    [new WeakMap(), 'an instance of WeakMap'],
    [new URLSearchParams('a=1'), 'an instance of URLSearchParams'],
    [Object('boxed'), 'an instance of String'],
    [{ [Symbol('s')]: 1 }, 'an object with symbol keys'],
  ])('is refused with a code and named: %#', (value, what) => {
    const error = errorOf(() => encode('fine', value))
    expect(error.code).toBe('ERR_RESTALE_INVALID_ARGUMENT')
    expect(error.message).toContain('cached function "get-post"')
    expect(error.message).toContain(`argument 2 holds ${what}`)
  })

  test('is named by its place', () => {
    const f = () => {}
    expect(errorOf(() => encode({ a: [1, { b: f }] })).message).toContain(
      'argument 1.a[1].b holds a function',
    )
    expect(errorOf(() => encode(1, 2, new Map([['x', f]]))).message).toContain('argument 3, in a Map holds')
    expect(errorOf(() => encode([new Set([f])])).message).toContain('argument 1[0], in a Set holds')
  })

  test('cycles are refused, through every kind of container', () => {
    const list: unknown[] = []
    list.push([list])
    const object: Record<string, unknown> = {}
    object.self = { object }
    const map = new Map<unknown, unknown>()
    map.set('self', map)
    const set = new Set<unknown>()
    set.add([set])
    const speaking = {
      __proto__: {
        toJSON() {
          return this
        },
      },
    }
    for (const value of [list, object, map, set, speaking]) {
      const error = errorOf(() => encode(value))
      expect(error.code).toBe('ERR_RESTALE_INVALID_ARGUMENT')
      expect(error.message).toMatch(/argument 1.*holds a cycle/)
    }
  })
})
