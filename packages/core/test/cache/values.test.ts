import type { Cache } from '@restale/core'
import { describe, expect, it } from 'vitest'
import { barrier, counter, long, setup } from './support.ts'

interface Cyclic {
  name: string
  self?: Cyclic
  members: Map<string, Cyclic>
}

function cyclic(): Cyclic {
  const value: Cyclic = { name: 'a', members: new Map() }
  value.self = value
  value.members.set('self', value)
  return value
}

const twice = () => {
  const shared = { n: 1 }
  return [shared, { again: shared }]
}

/** What a function may give, and how somebody changes what he got of it, deep down. */
const values: [string, () => unknown, ((value: never) => unknown)?][] = [
  ['a Date', () => new Date(86_400_000), (date: Date) => date.setTime(0)],
  ['an invalid Date', () => new Date(Number.NaN), (date: Date) => date.setTime(0)],
  ['a Map', () => new Map([['a', { n: 1 }]]), (map: Map<string, { n: number }>) => map.set('b', { n: 2 })],
  ['a member of a Map', () => new Map([['a', [1]]]), (map: Map<string, number[]>) => map.get('a')?.push(2)],
  [
    'a key of a Map',
    () => new Map([[{ n: 1 }, 'a']]),
    (map: Map<{ n: number }, string>) => Object.assign([...map.keys()][0] as object, { n: 2 }),
  ],
  ['a Set', () => new Set([1, 'two', { three: 3 }]), (set: Set<unknown>) => set.clear()],
  ['a BigInt', () => 2n ** 70n],
  ['a Buffer', () => Buffer.from('bytes'), (buffer: Buffer) => buffer.fill(0)],
  ['a Uint8Array', () => new Uint8Array([1, 2, 3]), (bytes: Uint8Array) => bytes.fill(0)],
  ['a Float64Array', () => new Float64Array([-0, Number.NaN]), (list: Float64Array) => list.fill(1)],
  [
    'an ArrayBuffer',
    () => new Uint8Array([1, 2]).buffer,
    (buffer: ArrayBuffer) => new Uint8Array(buffer).fill(0),
  ],
  ['a RegExp', () => /a+/gi, (expression: RegExp) => Object.assign(expression, { lastIndex: 3 })],
  ['undefined', () => undefined],
  ['null', () => null],
  ['NaN', () => Number.NaN],
  ['-0', () => -0],
  [
    '-0, NaN and undefined inside',
    () => [-0, Number.NaN, undefined, { a: undefined }],
    (list: unknown[]) => list.pop(),
  ],
  // biome-ignore lint/suspicious/noSparseArray: a hole is not undefined
  ['an array with holes', () => [1, , 3], (list: unknown[]) => list.push(4)],
  [
    'nested data',
    () => ({ list: [{ at: new Date(1), tags: new Set(['x']) }], map: new Map([[1, [Buffer.from('b')]]]) }),
    (value: { list: { tags: Set<string> }[]; map: Map<number, Buffer[]> }) => {
      value.list[0]?.tags.add('y')
      value.map.get(1)?.[0]?.fill(0)
    },
  ],
  [
    'a cycle',
    cyclic,
    (value: Cyclic) => {
      value.members.clear()
      delete value.self
    },
  ],
  ['an object that is there twice', twice, (list: [{ n: number }]) => Object.assign(list[0], { n: 2 })],
  [
    'an object without a prototype',
    () => Object.assign(Object.create(null), { a: [1] }),
    (value: { a: number[] }) => value.a.push(2),
  ],
  [
    'an error with a cause',
    () => Object.assign(new TypeError('no', { cause: { n: 1 } }), { stack: 'stack' }),
    (error: Error) => Object.assign(error.cause as object, { n: 2 }),
  ],
]

describe.each(values)('%s', (_what, make, how) => {
  const functionOf = (cache: Cache) => cache.cached(make, { key: 'x', tags: ['t'], life: long })

  const receive = (value: unknown) => {
    expect(value).toStrictEqual(make())
    how?.(value as never)
  }

  const ways: [string, (cache: Cache) => Promise<void>][] = [
    [
      'on a miss and on hits',
      async (cache) => {
        const get = functionOf(cache)
        for (let call = 0; call < 3; call++) receive(await get())
      },
    ],
    [
      'stale',
      async (cache) => {
        // Nothing replaces it: the function fails from now on.
        let isDown = false
        const get = cache.cached(
          () => {
            if (isDown) throw new Error('down')
            return make()
          },
          { key: 'x', tags: ['t'], life: long },
        )
        await get()
        isDown = true
        await cache.revalidateTag('t', 'max')
        for (let call = 0; call < 2; call++) receive(await get())
      },
    ],
    [
      'by peek',
      async (cache) => {
        const get = functionOf(cache)
        await get()
        for (let call = 0; call < 2; call++) receive(get.peek()?.value)
        receive(await get())
      },
    ],
    [
      'from a function that passes it on',
      async (cache) => {
        const inner = functionOf(cache)
        const outer = cache.cached(() => inner(), { key: 'outer', life: long })
        for (let call = 0; call < 2; call++) receive(await outer())
        receive(await inner())
      },
    ],
    [
      'for all who wait for one run',
      async (cache) => {
        const gate = barrier()
        const get = cache.cached(
          async () => {
            await gate.pass()
            return make()
          },
          { key: 'x', life: long },
        )
        const calls = [get(), get(), get()]
        gate.open()
        for (const value of await Promise.all(calls)) receive(value)
        receive(await get())
        expect(gate.reached).toBe(1)
      },
    ],
  ]

  it.each(ways)('is what it was, %s, whatever is done to what others received', async (_way, read) => {
    const { cache, settled } = setup()
    await read(cache)
    await settled()
  })
})

describe('a cycle', () => {
  it('leads back into the copy, not into what is held', async () => {
    const { cache } = setup()
    const get = cache.cached(cyclic, { key: 'x' })
    await get()
    const value = await get()
    expect(value.self).toBe(value)
    expect(value.members.get('self')).toBe(value)
    expect(await get()).not.toBe(value)
  })
})

describe('a Buffer', () => {
  it('stays one, and holds none of the pool around it', async () => {
    const { cache } = setup()
    const get = cache.cached(() => Buffer.from('bytes'), { key: 'x' })
    await get()
    const value = await get()
    expect(Buffer.isBuffer(value)).toBe(true)
    expect(value.toString()).toBe('bytes')
    expect(value.buffer.byteLength).toBe(5)
  })
})

describe('clone: false', () => {
  it('gives every caller the very object, on a miss, a hit, together, stale and by peek', async () => {
    const { cache, settled } = setup()
    const gate = barrier()
    const given = { list: [1] }
    const get = cache.cached(
      async () => {
        await gate.pass()
        return given
      },
      { key: 'x', clone: false, life: long },
    )
    const calls = [get(), get()]
    gate.open()
    for (const value of await Promise.all(calls)) expect(value).toBe(given)
    expect(await get()).toBe(given)
    expect(get.peek()?.value).toBe(given)
    await get.revalidate()
    expect(await get()).toBe(given)
    await settled()
  })

  it('stores what cannot be copied, such as an instance of a class', async () => {
    const { cache } = setup()
    class Connection {
      readonly id = source.read()
    }
    const source = counter()
    const get = cache.cached(() => ({ connection: new Connection() }), { key: 'x', clone: false })
    expect((await get()).connection).toBe((await get()).connection)
    expect(source.reads).toBe(1)
  })
})
