import { expect, test } from 'vitest'
import { Ledger } from '../../src/cache/ledger.ts'
import { Mirror } from '../../src/store/mirror.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

const view = { incarnation: 'i', head: 0, records: [], now: 1_000 }

function mirrorAt(start: number) {
  const clock = fakeClock(start)
  const ledger = new Ledger(100, true)
  return { clock, ledger, mirror: new Mirror(ledger, clock, () => false) }
}

test('a slow answer puts no deadline off, and makes nothing younger', () => {
  const { clock, mirror } = mirrorAt(5_000)
  clock.advance(80)
  mirror.measure(view, 5_000)
  // Its time may have been read at any instant from 5,000 to 5,080: a deadline comes at the first, a birth goes by the last.
  expect(mirror.ours(2_000)).toBe(6_000)
  expect(mirror.theirs(6_080)).toBe(2_000)
})

test('what is recorded counts from the store’s time', () => {
  const { clock, ledger, mirror } = mirrorAt(5_000)
  mirror.measure(view, 5_000)
  mirror.apply(view, 5_000)
  const soft = { id: 'x', labels: ['t:a'], hardLabels: [], version: 1, recordedAt: 1_000, expiredAt: 1_300 }
  mirror.apply({ ...view, head: 1, records: [soft] }, 5_000)
  const [version, now] = [ledger.position, clock.now()]
  const labels = { key: 'k', tags: ['a'] }
  expect(ledger.isMarked(version - 1, version, labels, 'hard', now + 299)).toBe(false)
  expect(ledger.isMarked(version - 1, version, labels, 'hard', now + 300)).toBe(true)
})

test('knows what it has been told, of this ledger and up to there', () => {
  const { mirror } = mirrorAt(5_000)
  mirror.apply(view, 5_000)
  expect(mirror.knows(view)).toBe(true)
  expect(mirror.knows({ ...view, head: 1 })).toBe(false)
  expect(mirror.knows({ ...view, incarnation: 'another' })).toBe(false)
})

test('more invalidations of our own than fit between two versions leave the versions as they are', () => {
  const { ledger, mirror } = mirrorAt(5_000)
  mirror.apply(view, 5_000)
  const before = ledger.position
  for (let count = 0; count <= 2 ** 20; count++) ledger.advance(ledger.position + 2 ** -20)
  expect(mirror.sharedVersion(ledger.position)).toBe(0)
  expect(mirror.sharedVersion(before)).toBeUndefined()
  const record = { id: 'x', labels: ['t:a'], hardLabels: [], version: 1, recordedAt: 1_000, expiredAt: 0 }
  mirror.apply({ ...view, head: 1, records: [record] }, 5_000)
  expect(mirror.sharedVersion(ledger.position)).toBe(1)
})
