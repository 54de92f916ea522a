import { serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepCopy } from '../../src/cache/copy.ts'
import { isBounded } from '../../src/store/serialized.ts'

const holey: unknown[] = [1]
holey[5_000] = 2
const cyclic: Record<string, unknown> = { name: 'é\u{1f600}' }
cyclic.self = [cyclic, cyclic]

const values: [string, unknown][] = [
  ['words', { undefined: undefined, null: null, yes: true, no: false }],
  ['numbers', [0, -1, 2 ** 31, 1.5, Number.NaN, -0, 10n, -(2n ** 80n)]],
  ['strings', ['', 'plain', 'é', '\u{1f600}', 'x'.repeat(300), 'é\u{1f600}'.repeat(100)]],
  ['dates and patterns', [new Date(0), /a+\/b/giu]],
  ['collections', new Map<unknown, unknown>([[{ a: 1 }, new Set([1, [2]])]])],
  [
    'bytes',
    [Buffer.from('bytes'), new Uint16Array([1, 2]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(4)],
  ],
  [
    'arrays',
    [[1, 'a', {}], new Array(100).fill(0), holey, Object.assign(['a'], { index: 0, groups: undefined })],
  ],
  ['errors', [new TypeError('wrong', { cause: { code: new RangeError('deep') } }), new Error()]],
  ['cycles', cyclic],
]

describe('what the platform has written is bounded', () => {
  test.each(values)('%s', (_name, value) => {
    expect(isBounded(serialize(value))).toBe(true)
  })

  test('whatever plain data it is', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    })
    const property = fc.property(anything, (value) => {
      fc.pre(isCopyable(value))
      expect(isBounded(serialize(deepCopy(value).value))).toBe(true)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})

describe('what would take more memory than it has bytes is not', () => {
  const varint = (given: number): number[] =>
    given < 128 ? [given] : [(given % 128) + 128, ...varint(Math.floor(given / 128))]
  const sparse = (length: number) => [0x61, ...varint(length), 0x40, 0, ...varint(length)]
  const written = (...parts: number[][]) => Uint8Array.from([0xff, 0x0f, ...parts.flat()])

  test.each([200_000, 30_000_000, 100_000_000, 2 ** 32 - 1])(
    'an array of %d elements, and none in it',
    (length) => {
      expect(isBounded(written(sparse(length)))).toBe(false)
    },
  )

  test('many arrays that are each small enough', () => {
    const many = Array.from({ length: 100 }, () => sparse(100_000)).flat()
    expect(isBounded(written([0x41, ...varint(100)], many, [0x24, 0, ...varint(100)]))).toBe(false)
  })

  test('and neither is what is nested without end, cut off, or something else', () => {
    expect(isBounded(Buffer.concat([Buffer.from([0xff, 0x0f]), Buffer.alloc(1_000_000, 'o')]))).toBe(false)
    const whole = serialize({ list: ['some', 'words'] })
    for (let end = 0; end < whole.byteLength; end++) expect(isBounded(whole.subarray(0, end))).toBe(false)
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(isBounded(bytes)).toBeTypeOf('boolean')
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})

function isCopyable(value: unknown): boolean {
  try {
    deepCopy(value)
    return true
  } catch {
    return false
  }
}
