// What lies in a store may have been damaged, or planted by whoever can write there.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Codec } from '../../src/cache/codec.ts'
import { functionCodec } from '../../src/cache/function-codec.ts'
import { responseCodec } from '../../src/http/response-codec.ts'
import { isVariants } from '../../src/http/variants.ts'
import { decodeEntry, encodeEntry } from '../../src/store/entry-envelope.ts'
import { openEnvelope, sealEnvelope } from '../../src/store/envelope.ts'

const seal = { maxBytes: 100_000, secret: undefined }
const life = { stale: 0, revalidate: 60, expire: Number.POSITIVE_INFINITY }
const rest = {
  ...{ key: 'k', tags: ['t'], paths: undefined, uri: undefined, isRetained: false, life, lifeHandedOn: {} },
  ...{ incarnation: 'i', version: 3, startedAt: 4.5, bornAt: 5.5 },
}
const response = {
  ...{
    status: 200,
    headers: ['Content-Type', 'text/plain'],
    added: [],
    removed: ['x-powered-by'],
    vary: ['accept'],
  },
  ...{ body: Buffer.from([0, 13, 10, 255]), hasOwnLife: true, permitsAuthorization: false },
  ...{ validators: ['ETag', '"1"'], variantNames: [], variant: '' },
  staleness: { isByHeader: false, isForbidden: false, ifErrorSeconds: Number.POSITIVE_INFINITY },
}
const value = {
  text: 'é\u0000',
  list: [1, undefined, Number.NaN],
  when: new Date(0),
  map: new Map([[1, new Set([2n])]]),
}

const subjects: [string, Codec, unknown][] = [
  ['a response', responseCodec, response],
  ['a result', functionCodec, value],
]

const decode = (bytes: Uint8Array, codec: Codec) => decodeEntry(bytes, 'k', codec, seal)

describe.each(subjects)('%s', (_name, codec, original) => {
  const bytes = encodeEntry({ ...rest, value: original }, codec, seal)

  test('comes back as it was', () => {
    expect(decode(bytes, codec)).toMatchObject({ ...rest, value: original })
  })

  test('of another key, of another kind, or longer than anything can be, is none', () => {
    expect(decodeEntry(bytes, 'K', codec, seal)).toBeUndefined()
    const [, other] = subjects.find(([, each]) => each !== codec) as (typeof subjects)[number]
    expect(decodeEntry(bytes, 'k', other, seal)).toBeUndefined()
    expect(decodeEntry(bytes, 'k', codec, { ...seal, maxBytes: bytes.byteLength - 1 })).toBeUndefined()
  })

  test('of which any byte has changed, or that is cut off, is none', () => {
    for (let at = 0; at < bytes.byteLength; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] as number) ^ (1 << (at % 8))
      expect(decode(changed, codec)).toBeUndefined()
      expect(decode(bytes.subarray(0, at), codec)).toBeUndefined()
    }
  })

  test('sealed again after any change is an entry of the right shape, or none', () => {
    const envelope = openEnvelope(bytes, seal) as { header: object; body: Uint8Array }
    const changes = fc.record({
      field: fc.constantFrom(...Object.keys(envelope.header), '__proto__', 'constructor'),
      inHead: fc.constantFrom(...Object.keys(response), 'selections'),
      deep: fc.boolean(),
      planted: fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(hostileLines, { __proto__: { x: 1 } }, -1, [[]], ['a\r\nb', 'c']),
      ),
    })
    fc.assert(
      fc.property(changes, ({ field, inHead, deep, planted }) => {
        const header = structuredClone(envelope.header) as { head: Record<string, unknown> } & Record<
          string,
          unknown
        >
        if (deep) header.head = { ...header.head, [inHead]: planted }
        else Object.defineProperty(header, field, { value: planted, enumerable: true, configurable: true })
        const found = decode(sealEnvelope({ header, body: envelope.body }, seal), codec)
        if (found !== undefined) expectShape(found)
        expect(Object.keys(Object.prototype)).toEqual([])
        expect(({} as { x?: number }).x).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
  })

  test('sealed again with any other body is read without harm', () => {
    const { header, body } = openEnvelope(bytes, seal) as { header: object; body: Uint8Array }
    const changed = fc.array(fc.tuple(fc.nat(Math.max(0, body.byteLength - 1)), fc.nat(255)), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 64 })), (change) => {
        const planted = change instanceof Uint8Array ? change : Uint8Array.from(body)
        if (!(change instanceof Uint8Array)) for (const [at, byte] of change) planted[at] = byte
        const found = decode(sealEnvelope({ header, body: planted }, seal), codec)
        if (found !== undefined) expectShape(found)
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
      { numRuns: 20_000 },
    )
  })
})

const hostileLines = ['X-A', 'b\r\nSet-Cookie: c=d']

function expectShape(found: {
  readonly value: unknown
  readonly tags: readonly string[]
  readonly version: number
}): void {
  expect(found).toMatchObject({ key: 'k', incarnation: expect.any(String), bornAt: expect.any(Number) })
  expect(Number.isSafeInteger(found.version)).toBe(true)
  expect(found.tags.every((tag) => typeof tag === 'string')).toBe(true)
  const { value: inside } = found as { value: typeof response }
  if (!(inside instanceof Object) || !('staleness' in inside) || isVariants(inside as never)) return
  for (const lines of [inside.headers, inside.added, inside.validators]) {
    expect(lines.length % 2).toBe(0)
    expect(lines.join('')).not.toMatch(/[\r\n\0]/)
  }
  expect(inside.status).toBeGreaterThanOrEqual(200)
  expect(inside.status).toBeLessThanOrEqual(599)
}

test('a secret seals what nobody else can make', () => {
  const secret = 's'.repeat(32)
  const envelope = { header: { a: 1 }, body: new Uint8Array([1]) }
  const sealed = sealEnvelope(envelope, { ...seal, secret })
  expect(openEnvelope(sealed, { ...seal, secret })).toMatchObject({ header: { a: 1 } })
  expect(openEnvelope(sealed, { ...seal, secret: 't'.repeat(32) })).toBeUndefined()
  expect(openEnvelope(sealed, seal)).toBeUndefined()
  expect(openEnvelope(sealEnvelope(envelope, seal), { ...seal, secret })).toBeUndefined()
})

test('anything at all is no envelope', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(openEnvelope(bytes, seal)).toBeUndefined()
    }),
    { numRuns: 5_000 },
  )
})
