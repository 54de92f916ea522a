import assert from 'node:assert/strict'
import type { LedgerRecord, LedgerView, Marking } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { expectRecordsAfter } from '../expect.ts'
import { hostileTexts, longTexts } from '../hostile.ts'
import { marking, nowhere, positionOf } from '../words.ts'

const longestLabel = 16_384
/** A store may count in whole milliseconds. */
const roundingMs = 1

export const recording: StoreTheme = {
  name: 'recording',
  cases: [
    {
      id: 'record-versions',
      title: 'versions are whole numbers that grow by one, whichever port records',
      async run(trial) {
        const ports = await trial.ports(3)
        let { head } = await (ports[0] as (typeof ports)[0]).sync(nowhere)
        assert.ok(Number.isSafeInteger(head) && head >= 0, `${head} is a whole number from 0 on`)
        for (const port of [...ports, ...ports]) {
          const view = await port.record(marking(['t:a']), nowhere)
          assert.equal(view.head, head + 1)
          head = view.head
        }
      },
    },
    {
      id: 'record-view',
      title: 'the view that comes back ends with what was recorded, as it was said',
      async run(trial) {
        const port = await trial.port()
        let view = await port.sync(nowhere)
        for (const said of everyKind) {
          const after = await port.record(said, positionOf(view))
          expectRecorded(expectRecordsAfter(after, view.head).at(-1), said, after)
          view = after
        }
      },
    },
    {
      id: 'record-seen',
      title: 'every port sees what was recorded, by each method that gives a view',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const before = await other.sync(nowhere)
        for (const said of everyKind) await port.record(said, nowhere)
        const views = [
          await other.sync(positionOf(before)),
          (await other.read('a', positionOf(before))).view,
          await other.record(marking([]), positionOf(before)),
        ]
        for (const view of views) {
          const records = expectRecordsAfter(view, before.head)
          for (const [index, said] of everyKind.entries()) expectRecorded(records[index], said, view)
        }
      },
    },
    {
      id: 'record-since',
      title: 'records are those after the position, all and in order, from every position on',
      async run(trial) {
        const port = await trial.port()
        const first = await port.sync(nowhere)
        for (let count = 0; count < 15; count++) await port.record(marking([`t:${count}`]), nowhere)
        for (let version = first.head; version <= first.head + 15; version++) {
          const view = await port.sync({ incarnation: first.incarnation, version })
          const labels = expectRecordsAfter(view, version).flatMap((record) => record.labels)
          const expected = Array.from({ length: 15 }, (_, count) => `t:${count}`)
          assert.deepEqual(labels, expected.slice(version - first.head))
        }
      },
    },
    {
      id: 'record-since-elsewhere',
      title: 'there are no records after a position of another incarnation, or of none',
      async run(trial) {
        const port = await trial.port()
        const { head } = await port.record(marking(['t:a']), nowhere)
        for (const incarnation of [undefined, 'another']) {
          const since = { incarnation, version: head - 1 }
          assert.equal((await port.sync(since)).records, undefined)
          assert.equal((await port.read('a', since)).view.records, undefined)
          assert.equal((await port.record(marking(['t:a']), since)).records, undefined)
        }
      },
    },
    {
      id: 'record-nothing',
      title: 'a marking of nothing is recorded as well',
      async run(trial) {
        const port = await trial.port()
        const before = await port.sync(nowhere)
        const said = marking([])
        const view = await port.record(said, positionOf(before))
        assert.equal(view.head, before.head + 1)
        expectRecorded(expectRecordsAfter(view, before.head)[0], said, view)
      },
    },
    {
      id: 'record-labels',
      title: `labels come back as they are, whatever they look like and up to ${longestLabel} characters`,
      async run(trial) {
        const port = await trial.port()
        const before = await port.sync(nowhere)
        const labels = [...hostileTexts, ...longTexts(longestLabel)]
        const said = marking(labels, {
          id: 'é'.repeat(64),
          hardLabels: labels.toReversed(),
          expireInMs: 5_000,
        })
        const view = await port.record(said, positionOf(before))
        expectRecorded(expectRecordsAfter(view, before.head)[0], said, view)
      },
    },
    {
      id: 'record-many-labels',
      title: 'a marking may have 10,000 labels',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const before = await port.sync(nowhere)
        const labels = Array.from({ length: 10_000 }, (_, index) => `t:label ${index}`)
        const said = marking(labels, { expireInMs: 5_000 })
        const view = await port.record(said, positionOf(before))
        expectRecorded(expectRecordsAfter(view, before.head)[0], said, view)
        const seen = await other.sync(positionOf(before))
        expectRecorded(expectRecordsAfter(seen, before.head)[0], said, seen)
      },
    },
  ],
}

const everyKind: readonly Marking[] = [
  marking(['t:a', 'k:b']),
  marking(['t:a'], { expireInMs: 5_000 }),
  marking(['t:a'], { expireInMs: 1_500.75 }),
  marking(['t:a'], { expireInMs: 365 * 24 * 60 * 60 * 1000 }),
  marking(['t:a'], { expireInMs: Number.POSITIVE_INFINITY }),
  marking(['t:a'], { expireInMs: 5_000, hardLabels: ['p:/', 'u:/a'] }),
  marking([], { hardLabels: ['*'] }),
  marking(['t:a', 't:a'], { hardLabels: ['t:a'] }),
]

function expectRecorded(record: LedgerRecord | undefined, said: Marking, view: LedgerView): void {
  assert.ok(record !== undefined, 'it is among the records')
  const { id, labels, hardLabels, expiredAt, recordedAt } = record
  assert.deepEqual(
    { id, labels, hardLabels },
    { id: said.id, labels: said.labels, hardLabels: said.hardLabels },
  )
  assert.ok(recordedAt <= view.now, `recorded at ${recordedAt}, and by the view it is ${view.now}`)
  assert.ok(recordedAt > view.now - 60_000, `recorded at ${recordedAt}, and by the view it is ${view.now}`)
  const { expireInMs } = said
  if (!Number.isFinite(expireInMs) || expireInMs === 0) {
    assert.equal(expiredAt, expireInMs)
    return
  }
  const off = Math.abs(expiredAt - (recordedAt + expireInMs))
  assert.ok(off <= roundingMs, `expired after ${expiredAt - recordedAt} ms instead of ${expireInMs}`)
}
