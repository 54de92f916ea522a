import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Entries } from '../src/entries.ts'
import { Environment } from '../src/environment.ts'
import { hard, item, mebibyte, nowhere, openPort, temporaryFolder } from './support.ts'

/** A sequence that looks random, and is the same each time. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('the file of entries', () => {
  test.each([1, 4])(
    'stays below its cap of %d MiB, whatever is written',
    { timeout: 60_000 },
    async (size) => {
      const path = await temporaryFolder()
      const maxBytes = size * mebibyte
      const port = openPort(path, { maxBytes })
      const view = port.sync(nowhere)
      const next = random(size)
      let stored = 0
      for (let count = 0; count < 1_500; count++) {
        const length = Math.floor(next() ** 4 * maxBytes * 0.48)
        const key = `k${Math.floor(next() * 400)}`
        if (port.write(item(view, key, { startedAt: count, bytes: Buffer.alloc(length, count) }))) stored++
        if (next() < 0.1) port.remove(key, { ...view, version: 0, startedAt: count }, 1_000)
        expect(statSync(join(path, 'entries')).size).toBeLessThanOrEqual(maxBytes * 1.1)
      }
      expect(stored).toBe(1_500)
    },
  )

  test('is used for the most part', async () => {
    const port = openPort(await temporaryFolder(), { maxBytes: 4 * mebibyte })
    const view = port.sync(nowhere)
    const bytes = Buffer.alloc(10_000)
    for (let count = 0; count < 1_000; count++) port.write(item(view, `k${count}`, { bytes }))
    let found = 0
    for (let count = 0; count < 1_000; count++)
      if (port.read(`k${count}`, nowhere).found !== undefined) found++
    expect(found * bytes.byteLength).toBeGreaterThan(4 * mebibyte * 0.6)
    // What was written last is there.
    expect(port.read('k999', nowhere).found).toBeDefined()
  })

  test('loses what is useless first, then what was written longest ago', async () => {
    let now = Date.now()
    const port = openPort(await temporaryFolder(), { maxBytes: mebibyte, wall: () => now })
    const view = port.sync(nowhere)
    const bytes = Buffer.alloc(50_000)
    const write = (key: string, uselessAt: number) => port.write(item(view, key, { uselessAt, bytes }))
    const isThere = (key: string) => port.read(key, nowhere).found !== undefined
    for (let count = 0; count < 6; count++) write(`old${count}`, now + 1e6)
    for (let count = 0; count < 6; count++) write(`useless${count}`, now + 10)
    now += 20
    for (let count = 0; count < 5; count++) write(`new${count}`, now + 1e6)
    expect(isThere('old0')).toBe(true)
    expect(isThere('useless0')).toBe(false)
    for (let count = 5; count < 20; count++) write(`new${count}`, now + 1e6)
    expect(isThere('old0')).toBe(false)
    expect(isThere('new19')).toBe(true)
  })

  test('loses nothing of a mark when it loses what it guards', async () => {
    const port = openPort(await temporaryFolder(), { maxBytes: mebibyte })
    const first = port.sync(nowhere)
    port.write(item(first, 'a'))
    port.record(hard('t:a'), nowhere)
    for (let count = 0; count < 60; count++) {
      port.write(item(first, `k${count}`, { bytes: Buffer.alloc(50_000) }))
    }
    expect(port.read('a', nowhere).found).toBeUndefined()
    port.write(item(first, 'a'))
    expect(port.read('a', nowhere).found?.marks).toMatchObject([{ expiredBefore: 1 }])
  })
})

test('keys with the same digest take each other away, and are never mixed up', async () => {
  const environment = new Environment(join(await temporaryFolder(), 'entries'), 64 * mebibyte)
  const entries = new Entries(environment, () => Buffer.alloc(16, 'same'))
  const view = { incarnation: 'one', head: 0, records: [], now: 1_000 }
  const write = (key: string, startedAt: number) =>
    entries.write(item(view, key, { startedAt }), 1_000, 16 * mebibyte)
  expect(write('a', 9)).toBe(true)
  expect(entries.read('b')).toBeUndefined()
  expect(write('b', 1)).toBe(true)
  expect(entries.read('a')).toBeUndefined()
  expect(String(entries.read('b')?.bytes)).toBe('the value of b')
  entries.remove('a', { ...view, version: 0, startedAt: 2 }, 2_000, 1_000, 16 * mebibyte)
  expect(entries.read('b')).toBeUndefined()
  environment.close()
})
