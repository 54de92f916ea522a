import { cpSync, renameSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { env } from 'node:process'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { PortOptions } from '../src/port.ts'
import { Child, compiled, hard, item, mebibyte, nowhere, openPort, temporaryFolder } from './support.ts'

let built = ''
beforeAll(async () => {
  built = await compiled()
}, 60_000)
afterAll(() => rm(built, { recursive: true, force: true }))

function optionsOf(path: string): PortOptions {
  return { path, maxBytes: 16 * mebibyte }
}

async function started(path: string): Promise<Child> {
  const child = await Child.start(built)
  await child.open(optionsOf(path))
  return child
}

describe('processes', () => {
  test('share items, invalidations and the time', async () => {
    const path = await temporaryFolder()
    const [one, other] = [await started(path), await started(path)]
    const view = await one.call('sync', nowhere)
    expect(await other.call('sync', nowhere)).toMatchObject({ incarnation: view.incarnation, head: 0 })
    await one.call('write', item(view, 'a'))
    expect(String((await other.call('read', 'a', nowhere)).found?.bytes)).toBe('the value of a')
    await other.call('record', hard('t:a'), nowhere)
    expect(await one.call('peek')).toEqual({ incarnation: view.incarnation, version: 1 })
    const { found, view: seen } = await one.call('read', 'a', { incarnation: view.incarnation, version: 0 })
    expect(found?.marks).toEqual([{ staleBefore: 0, expiredBefore: 1, deadlines: [] }])
    expect(seen.records).toMatchObject([{ labels: ['t:a'], version: 1 }])
    expect(await one.call('write', item(view, 'b'))).toBe(true)
    await other.call('remove', 'b', { ...view, version: 1, startedAt: 0 }, 1_000)
    expect((await one.call('read', 'b', nowhere)).found).toBeUndefined()
  })

  test('see what another one records as soon as it returns', async () => {
    const path = await temporaryFolder()
    const [one, other] = [await started(path), await started(path)]
    await one.call('sync', nowhere)
    for (let version = 1; version <= 20; version++) {
      const spotted = other.ask('spot', version) as Promise<bigint>
      const { before, head } = (await one.ask('recordAt')) as { before: bigint; head: number }
      expect(head).toBe(version)
      // Far more than it takes: the machine may have better things to do.
      expect(Number((await spotted) - before) / 1e6).toBeLessThan(250)
    }
  })

  test('that start at the same time meet at one gate', async () => {
    const folder = await temporaryFolder()
    const children = await Promise.all(Array.from({ length: 3 }, () => Child.start(built)))
    const count = 500
    const startsAt = Date.now() + 100
    const found = await Promise.all(
      children.map((child) => child.ask('makeGates', folder, count, startsAt) as Promise<number[]>),
    )
    const last = Array.from({ length: count }, (_, index) => statSync(join(folder, String(index))).ino)
    expect(found).toEqual(children.map(() => last))
  })

  test('open and close at the same time, and lose nothing', { timeout: 60_000 }, async () => {
    const path = await temporaryFolder()
    const children = await Promise.all(Array.from({ length: 6 }, () => Child.start(built)))
    await Promise.all(children.map((child) => child.ask('comeAndGo', optionsOf(path), 15)))
    expect(openPort(path).peek().version).toBe(6 * 15)
  })

  test('meet in a folder that none of them has found', { timeout: 60_000 }, async () => {
    const parent = await temporaryFolder()
    const children = await Promise.all(Array.from({ length: 6 }, () => Child.start(built)))
    for (let round = 0; round < 20; round++) {
      const path = join(parent, String(round))
      await Promise.all(children.map((child) => child.open({ ...optionsOf(path), ledgerBytes: mebibyte })))
      const views = await Promise.all(children.map((child) => child.call('record', hard('t:a'), nowhere)))
      expect(views.map(({ head }) => head).sort()).toEqual([1, 2, 3, 4, 5, 6])
      await Promise.all(children.map((child) => child.call('close')))
    }
  })

  test('keep the file below its cap together', { timeout: 60_000 }, async () => {
    const path = await temporaryFolder()
    const maxBytes = 2 * mebibyte
    const children = await Promise.all([Child.start(built), Child.start(built), Child.start(built)])
    for (const child of children) {
      await child.open({ path, maxBytes })
      await child.call('sync', nowhere)
    }
    let stored = 0
    for (let round = 0; round < 20; round++) {
      const counts = await Promise.all(children.map((child) => child.ask('fill', 40, maxBytes * 0.4)))
      for (const count of counts) stored += count as number
      expect(statSync(join(path, 'entries')).size).toBeLessThanOrEqual(maxBytes * 1.1)
    }
    // Not all: one may just be reading what has to be overwritten, and be put to sleep meanwhile.
    expect(stored).toBeGreaterThan(20 * 3 * 40 * 0.5)
  })

  test('record each invalidation once, in one order', { timeout: 60_000 }, async () => {
    const path = await temporaryFolder()
    const children = await Promise.all(Array.from({ length: 4 }, () => started(path)))
    const since = { incarnation: (await children[0]?.call('sync', nowhere))?.incarnation, version: 0 }
    const ids = children.flatMap((_, index) => Array.from({ length: 50 }, (_, count) => `${index}.${count}`))
    await Promise.all(ids.map((id) => children[Number(id[0])]?.call('record', { ...hard('t:a'), id }, since)))
    const { records = [] } = openPort(path).sync(since)
    expect(records.map(({ version }) => version)).toEqual(ids.map((_, index) => index + 1))
    expect(records.map(({ id }) => id).sort()).toEqual([...ids].sort())
  })

  test('are ready again at once when all were killed while writing, and forget nothing', {
    timeout: 600_000,
  }, async () => {
    const path = await temporaryFolder()
    const rounds = env.RESTALE_LONG === '1' ? 200 : 20
    let incarnation: string | undefined
    let acknowledged = 0
    let founds = 0
    for (let round = 0; round < rounds; round++) {
      const writers = await Promise.all([started(path), started(path)])
      for (const writer of writers) await writer.ask('storm', 50, 30_000)
      const enough = 1 + Math.floor(Math.random() * 100)
      await vi.waitFor(() => expect(writers[0]?.recorded.length).toBeGreaterThan(enough), {
        timeout: 30_000,
        interval: 1,
      })
      await Promise.all(writers.map((writer) => writer.kill()))
      const said = writers.flatMap((writer) => writer.recorded)
      incarnation ??= said[0]?.incarnation
      acknowledged = Math.max(acknowledged, ...said.map(({ version }) => version))
      const reader = await Child.start(built)
      const before = performance.now()
      await reader.open(optionsOf(path))
      const view = await reader.call('sync', nowhere)
      expect(performance.now() - before).toBeLessThan(1_000)
      expect(view.incarnation).toBe(incarnation)
      expect(view.head).toBeGreaterThanOrEqual(acknowledged)
      for (const { key, version } of said) {
        const { found } = await reader.call('read', key, nowhere)
        if (found === undefined) continue
        founds++
        expect(found.bytes.every((byte) => byte === found.bytes[0])).toBe(true)
        const until = Math.max(0, ...found.marks.map((mark) => mark.expiredBefore))
        expect(until).toBeGreaterThanOrEqual(version)
      }
      expect(await reader.ask('warnings')).toEqual([])
      // Not closed, as its folder would be on the disk then, and as it should be.
      await reader.kill()
    }
    expect(founds).toBeGreaterThan(rounds)
  })
})

describe('a folder that is replaced', () => {
  // The promise is 250 ms; a busy machine answers later.
  const soon = { timeout: 2_000, interval: 5 }

  test('is noticed by all when it has been deleted, and they meet in a new one', async () => {
    const path = join(await temporaryFolder(), 'store')
    const [one, other] = [await started(path), await started(path)]
    const before = await one.call('sync', nowhere)
    await other.call('sync', nowhere)
    rmSync(path, { recursive: true })
    await vi.waitFor(async () => {
      expect((await one.call('peek')).incarnation).not.toBe(before.incarnation)
    }, soon)
    const { incarnation } = await one.call('record', hard('t:a'), nowhere)
    await vi.waitFor(async () => {
      expect(await other.call('peek')).toEqual({ incarnation, version: 1 })
    }, soon)
    expect(await one.ask('warnings')).toEqual([])
  })

  test('takes no invalidation that nobody would see', async () => {
    const path = join(await temporaryFolder(), 'store')
    const [one, other] = [await started(path), await started(path)]
    await Promise.all([one.call('sync', nowhere), other.call('sync', nowhere)])
    rmSync(path, { recursive: true })
    // At once: neither waits until it looks.
    await one.call('record', hard('t:a'), nowhere)
    const view = await other.call('record', hard('t:b'), nowhere)
    expect(view.head).toBe(2)
  })

  test('is left for the one that was moved into its place', async () => {
    const parent = await temporaryFolder()
    const [path, release] = [join(parent, 'store'), join(parent, 'release')]
    const one = await started(path)
    await one.call('sync', nowhere)
    const maker = await started(release)
    const made = await maker.call('record', hard('t:a'), nowhere)
    await maker.call('close')
    renameSync(path, join(parent, 'old'))
    renameSync(release, path)
    await vi.waitFor(async () => {
      expect(await one.call('peek')).toEqual({ incarnation: made.incarnation, version: 1 })
    }, soon)
  })

  test('starts anew when it is an older copy of itself', async () => {
    const parent = await temporaryFolder()
    const [path, copy] = [join(parent, 'store'), join(parent, 'copy')]
    const port = openPort(path)
    const first = port.record(hard('t:a'), nowhere)
    port.write(item(first, 'a'))
    port.close()
    cpSync(path, copy, { recursive: true })
    const again = openPort(path)
    const seen = again.record(hard('t:b'), nowhere)
    expect(seen).toMatchObject({ incarnation: first.incarnation, head: 2 })
    again.close()
    rmSync(path, { recursive: true })
    renameSync(copy, path)
    const last = openPort(path)
    const view = last.sync({ incarnation: seen.incarnation, version: 2 })
    expect(view.incarnation).not.toBe(first.incarnation)
    expect(last.read('a', nowhere).found).toBeUndefined()
  })

  test('starts anew when it has less than was seen of it', async () => {
    const parent = await temporaryFolder()
    const port = openPort(join(parent, 'store'))
    const view = port.record(hard('t:a'), nowhere)
    port.write(item(view, 'a'))
    const next = port.sync({ incarnation: view.incarnation, version: 2 })
    expect(next.incarnation).not.toBe(view.incarnation)
    expect(next).toMatchObject({ head: 0, records: undefined })
    expect(port.read('a', nowhere).found).toBeUndefined()
    expect(port.sync({ incarnation: view.incarnation, version: 2 }).incarnation).toBe(next.incarnation)
  })
})
