import { describe, expect, test } from 'vitest'
import { createCache } from '../../src/create-cache.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { settled } from '../../src/testing/settled.ts'

describe('settled', () => {
  test('resolves at once when nothing runs', async () => {
    await settled(createCache())
  })

  test('resolves when a background fill has ended and is stored', async () => {
    const clock = fakeClock()
    const cache = createCache({ clock })
    let runs = 0
    const read = cache.cached(async () => ++runs, { key: 'read', life: { revalidate: 1, expire: 60 } })
    expect(await read()).toBe(1)
    clock.advance(1000)
    expect(await read()).toBe(1)
    await settled(cache)
    expect(await read()).toBe(2)
    expect(runs).toBe(2)
  })

  test('resolves also when the fill failed', async () => {
    const clock = fakeClock()
    const cache = createCache({ clock })
    let isDown = false
    const read = cache.cached(
      async () => {
        if (isDown) throw new Error('down')
        return 'value'
      },
      { key: 'read', life: { revalidate: 1, expire: 60 } },
    )
    await read()
    isDown = true
    clock.advance(1000)
    await read()
    await settled(cache)
    expect(await read()).toBe('value')
  })

  test('does not wait for what runs in another cache', async () => {
    const clock = fakeClock()
    const busy = createCache({ clock })
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let runs = 0
    const read = busy.cached(
      async () => {
        if (runs++ === 0) return 'first'
        await gate
        return 'second'
      },
      { key: 'read', life: { revalidate: 1, expire: 60 } },
    )
    await read()
    clock.advance(1000)
    await read()
    await settled(createCache({ clock }))
    release()
    await settled(busy)
    expect(await read()).toBe('second')
  })

  test('takes only what createCache has made', async () => {
    await expect(settled({} as never)).rejects.toMatchObject({ code: 'ERR_RESTALE_INVALID_OPTION' })
    await expect(settled(undefined as never)).rejects.toMatchObject({ code: 'ERR_RESTALE_INVALID_OPTION' })
  })
})
