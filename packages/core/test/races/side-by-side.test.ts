import { expect, it } from 'vitest'
import { deferred, setup, tick } from '../cache/support.ts'
import { Holds } from './holds.ts'
import type { Plan } from './plan.ts'
import { ticks } from './ticks.ts'
import { World } from './world.ts'

const life = { revalidate: 3_600, expire: 86_400 }

it.each<Plan['kind']>(['function', 'fetch', 'response'])(
  'who comes after the deadline of a soft invalidation gets nothing that began before it: a %s',
  async (kind) => {
    const holds = new Holds()
    const world = new World([{ name: 'x', kind, tags: ['t'], life }], (point) => holds.pass(point))
    holds.arm('before finishing')
    const first = world.read('x')
    await ticks(3)
    world.sources.write('t')
    world.cache.revalidateTag('t', { expire: 1 })
    world.clock.advance(1_000)
    const later = world.read('x')
    await ticks(3)
    holds.open()
    const versions = [await first, await later].map(({ readings }) => readings.get('t')?.version)
    expect(versions).toEqual([1, 2])
  },
)

// Two flights of a function run side by side where one is nested in what must be fresh. What began later may have
// read its source earlier, and only a soft invalidation that came meanwhile tells that it may.
it('what is kept never goes back, also where two fills run side by side', async () => {
  const { cache } = setup()
  const runs: { read: ReturnType<typeof deferred<void>>; finish: ReturnType<typeof deferred<void>> }[] = []
  let source = 1
  const read = cache.cached(
    async () => {
      const run = { read: deferred(), finish: deferred() }
      runs.push(run)
      await run.read.promise
      const value = source
      await run.finish.promise
      return value
    },
    { key: 'x', tags: ['t'], life },
  )
  const outer = cache.cached(() => read(), { key: 'outer', life })

  const first = read()
  cache.revalidateTag('t', 'max')
  const second = outer()
  await tick()
  runs[1]?.read.resolve()
  await tick()
  source = 2
  cache.revalidateTag('t', 'max')
  runs[0]?.read.resolve()
  runs[0]?.finish.resolve()
  await first
  const kept = await read()
  runs[1]?.finish.resolve()
  await second
  expect([kept, await read()]).toEqual([2, 2])
})
