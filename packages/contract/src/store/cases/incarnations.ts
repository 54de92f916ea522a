import assert from 'node:assert/strict'
import type { StoreTheme } from '../case.ts'
import { expectNothing, expectRecordsAfter } from '../expect.ts'
import { itemOf, marking, nowhere, positionOf, recordMany } from '../words.ts'

export const incarnations: StoreTheme = {
  name: 'incarnations',
  cases: [
    {
      id: 'incarnation-shared',
      title: 'all ports see one incarnation, from the first question on',
      async run(trial) {
        const ports = await trial.ports(4)
        const views = await Promise.all(ports.map(async (port) => port.sync(nowhere)))
        const [first] = views
        assert.ok(typeof first?.incarnation === 'string' && first.incarnation !== '')
        for (const view of views) assert.deepEqual(positionOf(view), positionOf(first))
      },
    },
    {
      id: 'incarnation-kept',
      title: 'a position that is not ahead, or of an incarnation that nobody knows, changes nothing',
      async run(trial) {
        const port = await trial.port()
        const before = await recordMany(port, 3)
        const { incarnation, head } = before
        const positions = [
          nowhere,
          positionOf(before),
          { incarnation, version: head - 2 },
          { incarnation: 'another', version: head + 1_000 },
          { incarnation: undefined, version: head + 1_000 },
        ]
        for (const since of positions) {
          const view = await port.sync(since)
          assert.deepEqual(positionOf(view), positionOf(before), JSON.stringify(since))
          if (since.incarnation === incarnation) expectRecordsAfter(view, since.version)
          else assert.equal(view.records, undefined, JSON.stringify(since))
        }
      },
    },
    {
      id: 'incarnation-new',
      title: 'a ledger whose head is lower than a position opens a new incarnation before it answers',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const before = await recordMany(port, 3)
        await other.sync(nowhere)
        await port.write(itemOf(before, 'a'))
        const view = await port.sync({ incarnation: before.incarnation, version: before.head + 1 })
        assert.notEqual(view.incarnation, before.incarnation)
        assert.equal(view.records, undefined)
        expectNothing(await port.read('a', nowhere), 'what is of the past')
        assert.deepEqual(positionOf(await other.sync(positionOf(before))), positionOf(view))
        expectNothing(await other.read('a', positionOf(before)), 'what is of the past, by another port')
        assert.equal(await other.write(itemOf(before, 'b')), false, 'nothing is written to the past')
      },
    },
    {
      id: 'incarnation-goes-on',
      title: 'a new incarnation goes on by versions of its own, and is never one that was',
      async run(trial) {
        const port = await trial.port()
        const seen = new Set<string>()
        let view = await recordMany(port, 2)
        for (let count = 0; count < 5; count++) {
          seen.add(view.incarnation)
          view = await port.sync({ incarnation: view.incarnation, version: view.head + 1 })
          assert.ok(!seen.has(view.incarnation), 'it is new')
          const next = await port.record(marking(['t:a']), positionOf(view))
          assert.equal(next.incarnation, view.incarnation)
          expectRecordsAfter(next, view.head)
          assert.equal(next.head, view.head + 1)
          view = next
        }
      },
    },
  ],
}
