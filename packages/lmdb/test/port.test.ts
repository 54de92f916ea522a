import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { LedgerView, Mark, Marking } from '@restale/core/store'
import { describe, expect, test } from 'vitest'
import type { LmdbPort } from '../src/port.ts'
import { hard, item, mebibyte, nowhere, openPort, temporaryFolder } from './support.ts'

const smallLimits = { marks: 100, uriMarks: 10, records: 50, recordBytes: 64 * 1024 }

function after(view: LedgerView): { incarnation: string; version: number } {
  return { incarnation: view.incarnation, version: view.head }
}

/** What judges an entry worst. */
function expiredBefore(marks: readonly Mark[] | undefined): number {
  return Math.max(0, ...(marks ?? []).map((mark) => mark.expiredBefore))
}

/** Of an item with these labels that was made at the beginning. */
function marksOf(port: LmdbPort, first: LedgerView, ...labels: string[]): readonly Mark[] | undefined {
  const made = item(first, labels.join(), { labels: ['*', ...labels] })
  port.write(made)
  return port.read(made.key, after(first)).found?.marks
}

describe('items', () => {
  test('come back as they were given, without marks', async () => {
    const port = openPort(await temporaryFolder())
    const view = port.sync(nowhere)
    expect(port.write(item(view, 'a'))).toBe(true)
    expect(port.read('a', after(view))).toEqual({
      view: { ...view, records: [], now: expect.any(Number) },
      found: { bytes: Buffer.from('the value of a'), version: 0, marks: [] },
    })
    expect(port.read('b', nowhere).found).toBeUndefined()
  })

  test.each([0, 1, 3_900, 4_064, 4_065, 100_000, 3_000_000])('may have %d bytes', async (length) => {
    const port = openPort(await temporaryFolder())
    const bytes = Buffer.alloc(length, 'some pattern of no round length')
    const view = port.sync(nowhere)
    expect(port.write(item(view, 'a', { bytes }))).toBe(true)
    expect(bytes.equals(port.read('a', nowhere).found?.bytes ?? Buffer.of(1))).toBe(true)
  })

  test('have keys and labels of any length', async () => {
    const port = openPort(await temporaryFolder())
    const view = port.sync(nowhere)
    const long = 'é'.repeat(20_000)
    const labels = [
      '*',
      ...Array.from({ length: 1_199 }, (_, index) => `t:${index}`),
      `t:${long.slice(0, 16_000)}`,
    ]
    for (const key of [`${long}1`, `${long}2`, '']) port.write(item(view, key, { labels }))
    port.record(hard(labels.at(-1) as string), nowhere)
    for (const key of [`${long}1`, `${long}2`, '']) {
      const { found } = port.read(key, nowhere)
      expect(found?.bytes.toString()).toBe(`the value of ${key}`)
      expect(expiredBefore(found?.marks)).toBe(1)
    }
  })

  test('are replaced by what is newer, and as new, only', async () => {
    const port = openPort(await temporaryFolder())
    const first = port.sync(nowhere)
    const second = port.record(hard('t:other'), nowhere)
    const write = (view: LedgerView, startedAt: number, text: string) =>
      port.write(item(view, 'a', { startedAt, bytes: Buffer.from(text) }))
    expect(write(first, 5, 'first')).toBe(true)
    expect(write(first, 4, 'began earlier')).toBe(false)
    expect(write(first, 5, 'again')).toBe(true)
    expect(write(second, 1, 'of a greater version')).toBe(true)
    expect(write(first, 9, 'of a smaller version')).toBe(false)
    expect(String(port.read('a', nowhere).found?.bytes)).toBe('of a greater version')
  })

  test('of another incarnation are neither stored nor given', async () => {
    const path = await temporaryFolder()
    const port = openPort(path)
    const view = port.sync(nowhere)
    expect(port.write(item(view, 'a', { incarnation: 'another' }))).toBe(false)
    expect(port.read('a', nowhere).found).toBeUndefined()
  })

  test('that are larger than half the cap are not stored', async () => {
    const port = openPort(await temporaryFolder(), { maxBytes: mebibyte })
    const view = port.sync(nowhere)
    expect(port.write(item(view, 'a', { bytes: Buffer.alloc(mebibyte / 2 + 1) }))).toBe(false)
    expect(port.write(item(view, 'a', { bytes: Buffer.alloc(0.45 * mebibyte) }))).toBe(true)
  })

  test('stay when the store is closed and opened again', async () => {
    const path = await temporaryFolder()
    const port = openPort(path)
    port.write(item(port.sync(nowhere), 'a'))
    const view = port.record(hard('t:a'), nowhere)
    port.close()
    const again = openPort(path)
    const { view: seen, found } = again.read('a', { incarnation: view.incarnation, version: 0 })
    expect(seen.incarnation).toBe(view.incarnation)
    expect(seen.records).toHaveLength(1)
    expect(expiredBefore(found?.marks)).toBe(1)
  })
})

describe('a removal', () => {
  test('takes away what is not newer, and keeps out what is older for a while', async () => {
    let now = Date.now()
    const port = openPort(await temporaryFolder(), { wall: () => now })
    const first = port.sync(nowhere)
    const write = (startedAt: number) => port.write(item(first, 'a', { startedAt }))
    write(10)
    port.remove('a', { ...first, version: 0, startedAt: 9 }, 1_000)
    expect(port.read('a', nowhere).found).toBeDefined()
    port.remove('a', { ...first, version: 0, startedAt: 10 }, 1_000)
    expect(port.read('a', nowhere).found).toBeUndefined()
    expect(write(9)).toBe(false)
    // Neither an older one nor a shorter one lets anything in.
    port.remove('a', { ...first, version: 0, startedAt: 3 }, 10)
    now += 500
    expect(write(9)).toBe(false)
    now += 1_000
    expect(write(9)).toBe(true)
    expect(port.read('a', nowhere).found).toBeDefined()
  })

  test('lets in what is newer', async () => {
    const port = openPort(await temporaryFolder())
    const first = port.sync(nowhere)
    port.remove('a', { ...first, version: 0, startedAt: 10 }, 10_000)
    expect(port.write(item(first, 'a', { startedAt: 11 }))).toBe(true)
    expect(port.read('a', nowhere).found).toBeDefined()
  })
})

describe('records', () => {
  test('say what was marked, each once and in order', async () => {
    const port = openPort(await temporaryFolder())
    const first = port.sync(nowhere)
    const markings: Marking[] = [
      hard('t:a', 'k:b'),
      { id: 'soft', labels: ['t:a'], hardLabels: ['p:/'], expireInMs: 5_000 },
      { id: 'never', labels: ['t:a'], hardLabels: [], expireInMs: Number.POSITIVE_INFINITY },
    ]
    for (const marking of markings) port.record(marking, nowhere)
    const { records = [] } = port.sync(after(first))
    const softAt = (records[1]?.recordedAt ?? 0) + 5_000
    expect(records.map(({ recordedAt: _, ...rest }) => rest)).toEqual([
      { version: 1, id: markings[0]?.id, labels: ['t:a', 'k:b'], hardLabels: [], expiredAt: 0 },
      { version: 2, id: 'soft', labels: ['t:a'], hardLabels: ['p:/'], expiredAt: softAt },
      { version: 3, id: 'never', labels: ['t:a'], hardLabels: [], expiredAt: Number.POSITIVE_INFINITY },
    ])
    expect(port.sync({ ...after(first), version: 2 }).records).toEqual(records.slice(2))
    expect(port.sync({ ...after(first), version: 3 }).records).toEqual([])
    expect(port.peek()).toEqual({ incarnation: first.incarnation, version: 3 })
  })

  test('are unknown from another incarnation', async () => {
    const port = openPort(await temporaryFolder())
    port.record(hard('a'), nowhere)
    expect(port.sync({ incarnation: 'another', version: 0 }).records).toBeUndefined()
  })

  test('are forgotten, the oldest first, and only those', async () => {
    const port = openPort(await temporaryFolder(), { limits: smallLimits })
    const first = port.sync(nowhere)
    for (let count = 0; count < 80; count++) port.record(hard('t:a'), nowhere)
    expect(port.sync({ ...after(first), version: 29 }).records).toBeUndefined()
    expect(port.sync({ ...after(first), version: 30 }).records?.map(({ version }) => version)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 31),
    )
  })

  test('are bounded in bytes; one that is too long expires everything', async () => {
    const port = openPort(await temporaryFolder(), { limits: smallLimits })
    const first = port.sync(nowhere)
    port.write(item(first, 'bystander'))
    for (let count = 0; count < 10; count++) port.record(hard(`t:${'x'.repeat(10_000)}`), nowhere)
    expect(port.sync(after(first)).records).toBeUndefined()
    expect(port.sync({ ...after(first), version: 7 }).records).toHaveLength(3)
    expect(port.read('bystander', nowhere).found?.marks).toEqual([])
    const long = hard(`t:${'x'.repeat(16_000)}`, `t:${'y'.repeat(16_000)}`)
    const view = port.record(long, { ...after(first), version: 10 })
    expect(view.records).toMatchObject([{ id: long.id, labels: [], hardLabels: ['*'], version: 11 }])
    expect(expiredBefore(port.read('bystander', nowhere).found?.marks)).toBe(11)
  })

  test('of 100,000 labels are kept', { timeout: 60_000 }, async () => {
    const port = openPort(await temporaryFolder())
    const first = port.sync(nowhere)
    const labels = Array.from({ length: 100_000 }, (_, index) => `t:${index}`)
    const view = port.record({ id: 'many', labels, hardLabels: [], expireInMs: 0 }, after(first))
    expect(view.records?.[0]?.labels).toEqual(labels)
    expect(expiredBefore(marksOf(port, first, 't:5'))).toBe(1)
  })
})

describe('marks', () => {
  test('are those of the labels alone', async () => {
    const port = openPort(await temporaryFolder())
    const first = port.sync(nowhere)
    port.record({ id: '1', labels: ['t:a'], hardLabels: ['p:/'], expireInMs: 60_000 }, nowhere)
    expect(marksOf(port, first, 't:b')).toEqual([])
    expect(marksOf(port, first, 'p:/')).toEqual([{ staleBefore: 0, expiredBefore: 1, deadlines: [] }])
    const deadline = { before: 1, at: expect.any(Number) }
    expect(marksOf(port, first, 't:a')).toEqual([{ staleBefore: 1, expiredBefore: 0, deadlines: [deadline] }])
  })

  test('are folded into the floor, the oldest first, and revive nothing', async () => {
    const port = openPort(await temporaryFolder(), { limits: smallLimits })
    const first = port.sync(nowhere)
    for (let count = 1; count <= 250; count++) port.record(hard(`t:${count}`), nowhere)
    // 150 are forgotten; everything older than the last of them counts as marked.
    expect(marksOf(port, first, 't:none')).toEqual([{ staleBefore: 0, expiredBefore: 150, deadlines: [] }])
    for (const count of [1, 100, 150]) expect(expiredBefore(marksOf(port, first, `t:${count}`))).toBe(150)
    for (const count of [151, 200, 250]) expect(expiredBefore(marksOf(port, first, `t:${count}`))).toBe(count)
  })

  test('of one that was marked again are the last to be forgotten', async () => {
    const port = openPort(await temporaryFolder(), { limits: smallLimits })
    const first = port.sync(nowhere)
    for (let count = 1; count <= 100; count++) port.record(hard(`t:${count}`), nowhere)
    port.record(hard('t:1'), nowhere)
    port.record(hard('t:101'), nowhere)
    expect(expiredBefore(marksOf(port, first, 't:none'))).toBe(2)
    expect(expiredBefore(marksOf(port, first, 't:1'))).toBe(101)
  })

  test('of URLs push out none but themselves', async () => {
    const port = openPort(await temporaryFolder(), { limits: smallLimits })
    const first = port.sync(nowhere)
    port.record(hard('t:a'), nowhere)
    for (let count = 0; count < 300; count++) port.record(hard(`u:/${count}`), nowhere)
    expect(marksOf(port, first, 't:none', 'u*')).toEqual([])
    expect(expiredBefore(marksOf(port, first, 't:a'))).toBe(1)
    expect(expiredBefore(marksOf(port, first, 'u:/none'))).toBe(291)
    expect(expiredBefore(marksOf(port, first, 'u:/299'))).toBe(301)
  })

  test('are worsened only, however often and in whatever order', async () => {
    const port = openPort(await temporaryFolder())
    const first = port.sync(nowhere)
    port.record(hard('t:a'), nowhere)
    for (const expireInMs of [9e6, 1, 5e6, 4e6, 3e6, 2e6, 1e6, Number.POSITIVE_INFINITY]) {
      port.record({ id: 'soft', labels: ['t:a'], hardLabels: [], expireInMs }, nowhere)
    }
    const [mark, ...rest] = marksOf(port, first, 't:a') ?? []
    expect(rest).toEqual([])
    expect(mark?.expiredBefore).toBeGreaterThanOrEqual(1)
    expect(mark?.staleBefore).toBe(9)
    expect(mark?.deadlines.length).toBeLessThanOrEqual(4)
  })

  test('and records fit into what is there of the disk from the beginning', {
    timeout: 120_000,
  }, async () => {
    const path = await temporaryFolder()
    const port = openPort(path)
    port.sync(nowhere)
    const before = statSync(join(path, 'ledger'))
    expect(before.blocks * 512).toBeGreaterThanOrEqual(64 * mebibyte)
    for (let from = 0; from < 130_000; from += 10_000) {
      const labels = Array.from({ length: 10_000 }, (_, index) => `t:${from + index}`)
      const uris = from < 20_000 ? labels.slice(0, 5_000).map((label) => `u:${label}`) : []
      const soft = { id: 'x'.repeat(64), labels, hardLabels: uris, expireInMs: 5_000 }
      for (let round = 0; round < 4; round++) port.record(soft, nowhere)
    }
    for (let count = 0; count < 10_000; count++) port.record(hard(`t:${'x'.repeat(700)}${count}`), nowhere)
    expect(statSync(join(path, 'ledger')).size).toBe(before.size)
  })
})

describe("the store's time", () => {
  test('never steps back, for nobody', async () => {
    const path = await temporaryFolder()
    let now = 5_000_000_000_000
    const port = openPort(path, { wall: () => now })
    const before = port.record(hard('a'), nowhere).now
    expect(before).toBeGreaterThanOrEqual(now)
    now -= 1_000_000
    expect(port.sync(nowhere).now).toBeGreaterThanOrEqual(before)
    port.close()
    expect(openPort(path).sync(nowhere).now).toBeGreaterThanOrEqual(before)
  })
})

test('a closed store throws', async () => {
  const port = openPort(await temporaryFolder())
  const view = port.sync(nowhere)
  port.close()
  port.close()
  const calls = [
    () => port.peek(),
    () => port.read('a', nowhere),
    () => port.write(item(view, 'a')),
    () => port.remove('a', { ...view, version: 0, startedAt: 0 }, 1),
    () => port.record(hard('a'), nowhere),
    () => port.sync(nowhere),
  ]
  for (const call of calls) expect(call).toThrow('The store is closed')
})

test('a look at where the ledger is takes less than a few microseconds', async () => {
  const port = openPort(await temporaryFolder())
  port.sync(nowhere)
  const batch = () => {
    const before = performance.now()
    for (let count = 0; count < 1_000; count++) port.peek()
    return performance.now() - before
  }
  // The best of many: the machine may have other things to do.
  const fastest = Math.min(...Array.from({ length: 50 }, batch))
  expect((fastest * 1e3) / 1_000).toBeLessThan(3)
})

test('two stores of one process share a folder', async () => {
  const path = await temporaryFolder()
  const [one, other] = [openPort(path), openPort(path)]
  const view = one.sync(nowhere)
  one.write(item(view, 'a'))
  expect(other.read('a', nowhere).found).toBeDefined()
  one.close()
  expect(other.record(hard('t:a'), nowhere).head).toBe(1)
  expect(openPort(path).peek()).toEqual({ incarnation: view.incarnation, version: 1 })
})
