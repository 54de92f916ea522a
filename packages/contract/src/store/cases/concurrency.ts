import assert from 'node:assert/strict'
import type { LedgerView, ReadReply } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { expectFound, expectRecordsAfter } from '../expect.ts'
import { expired, judge, judgeByRecords } from '../judge.ts'
import { itemOf, marking, nowhere, positionOf } from '../words.ts'

export const concurrency: StoreTheme = {
  name: 'several at a time',
  cases: [
    {
      id: 'race-record',
      title: 'of markings at the same time each gets a version of its own, and all ports see one order',
      async run(trial) {
        const ports = await trial.ports(4)
        const before = await (ports[0] as (typeof ports)[0]).sync(nowhere)
        const said = Array.from({ length: 200 }, (_, index) => marking([`t:${index}`]))
        const views = await Promise.all(
          said.map(async (each, index) =>
            (ports[index % ports.length] as (typeof ports)[0]).record(each, positionOf(before)),
          ),
        )
        const heads = views.map(({ head }) => head).sort((a, b) => a - b)
        assert.deepEqual(
          heads,
          said.map((_, index) => before.head + 1 + index),
          'every version once',
        )
        for (const [index, view] of views.entries()) {
          const last = expectRecordsAfter(view, before.head).at(-1)
          assert.equal(last?.id, said[index]?.id, 'the last record of a view is the one just recorded')
        }
        const seen = await Promise.all(ports.map(async (port) => port.sync(positionOf(before))))
        const orders = seen.map((view) => expectRecordsAfter(view, before.head).map(({ id }) => id))
        for (const order of orders) assert.deepEqual(order, orders[0], 'the same order for all')
      },
    },
    {
      id: 'race-mark',
      title: 'markings of one label at the same time, hard and soft, are all in its mark',
      async run(trial) {
        const ports = await trial.ports(4)
        const [port] = ports
        assert.ok(port)
        const before = await port.sync(nowhere)
        const item = itemOf(before, 'a', { labels: ['t:a'] })
        await port.write(item)
        const lives = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY]
        await Promise.all(
          ports.flatMap((each) =>
            lives.map(async (expireInMs) => each.record(marking(['t:a'], { expireInMs }), nowhere)),
          ),
        )
        const { found, view } = await port.read('a', positionOf(before))
        assert.ok(found !== undefined)
        const records = expectRecordsAfter(view, before.head)
        for (let version = before.head; version <= view.head; version++) {
          const byRecords = judgeByRecords(records, item.labels, version, view.now)
          assert.equal(judge(found.marks, version, view.now), byRecords, `version ${version}`)
        }
      },
    },
    {
      id: 'race-write',
      title: 'of writes to one key at the same time the newest stays, whatever comes last',
      async run(trial) {
        const ports = await trial.ports(4)
        const [port] = ports
        assert.ok(port)
        const view = await port.sync(nowhere)
        const order = [7, 3, 11, 0, 9, 5, 10, 1, 8, 2, 6, 4]
        for (let round = 0; round < 10; round++) {
          const key = `round ${round}`
          const items = order.map((late) =>
            itemOf(view, key, { startedAt: late, bytes: Uint8Array.of(late) }),
          )
          await Promise.all(items.map(async (item, index) => (ports[index % 4] as typeof port).write(item)))
          const newest = items[order.indexOf(11)] as (typeof items)[0]
          expectFound(await port.read(key, nowhere), newest, key)
        }
      },
    },
    {
      id: 'race-read',
      title: 'what is read while others record has the marks of its view, all of them and no later ones',
      async run(trial) {
        const [port, reader, other] = await trial.ports(3)
        assert.ok(port && reader && other)
        const before = await port.sync(nowhere)
        await port.write(itemOf(before, 'a', { labels: ['t:a'] }))
        let isRecording = true
        const record = async (by: typeof port) => {
          for (let count = 0; count < 100; count++) await by.record(marking(['t:a']), nowhere)
        }
        const recording = Promise.all([record(port), record(other)]).finally(() => {
          isRecording = false
        })
        const read = async () => {
          while (isRecording) {
            expectOneMoment(await reader.read('a', positionOf(before)), before)
            // A port that answers at once lets nobody else in.
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
        await Promise.all([recording, read(), read(), read()])
      },
    },
  ],
}

/** Each record after `before` has marked what was read. */
function expectOneMoment({ found, view }: ReadReply, before: LedgerView): void {
  assert.ok(found !== undefined, 'it is found')
  expectRecordsAfter(view, before.head)
  const { head, now } = view
  if (head > before.head)
    assert.equal(judge(found.marks, head - 1, now), expired, 'the last marking of the view')
  assert.notEqual(judge(found.marks, head, now), expired, 'a marking after the view')
}
