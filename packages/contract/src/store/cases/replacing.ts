import assert from 'node:assert/strict'
import type { Item, LedgerView, StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { expectFound, expectNothing } from '../expect.ts'
import { expectJudged, expired, fresh } from '../judge.ts'
import { itemOf, marking, nowhere, recordMany } from '../words.ts'

export const replacing: StoreTheme = {
  name: 'replacing',
  cases: [
    {
      id: 'replace-version',
      title: 'what has a greater version replaces, what has a smaller one is refused, as numbers',
      async run(trial) {
        const port = await trial.port()
        const { view, stamped } = await stamps(port)
        const { head } = view
        // Whichever began later.
        await expectOrder(port, stamped(head - 1, 2_000), stamped(head, 1_000))
      },
    },
    {
      id: 'replace-start',
      title: 'of the same version, what began later replaces, and what began earlier is refused',
      async run(trial) {
        const port = await trial.port()
        const { view, stamped } = await stamps(port)
        await expectOrder(port, stamped(view.head, 999), stamped(view.head, 1_000))
      },
    },
    {
      id: 'replace-start-fraction',
      title: 'what began later by a fraction of a millisecond is newer',
      async run(trial) {
        const port = await trial.port()
        const { view, stamped } = await stamps(port)
        const startedAt = Math.floor(view.now)
        const [earlier, later] = [startedAt + 0.25, startedAt + 0.75]
        await expectOrder(port, stamped(view.head, earlier), stamped(view.head, later))
      },
    },
    {
      id: 'replace-same',
      title: 'the same stamp may be written again',
      async run(trial) {
        const port = await trial.port()
        const { view, stamped } = await stamps(port)
        const item = stamped(view.head, 1_000.5)
        assert.equal(await port.write(item), true)
        const again = { ...item, bytes: Uint8Array.of(1, 2, 3) }
        assert.equal(await port.write(again), true)
        expectFound(await port.read(item.key, nowhere), again, 'again')
      },
    },
    {
      id: 'replace-labels',
      title: 'what replaces brings its own labels, and the old ones are gone',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        await port.write(itemOf(view, 'a', { labels: ['t:old'] }))
        await port.write(itemOf(view, 'a', { labels: ['t:new'], startedAt: view.now + 1 }))
        await port.record(marking(['t:old']), nowhere)
        expectJudged(await port.read('a', nowhere), fresh, 'by the old label')
        await port.record(marking(['t:new']), nowhere)
        expectJudged(await port.read('a', nowhere), expired, 'by the new label')
      },
    },
    {
      id: 'replace-other-incarnation',
      title: 'what is of another incarnation is refused, and what is there stays',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        const stranger = itemOf(view, 'a', { incarnation: 'another', version: 1_000 })
        assert.equal(await port.write(stranger), false)
        expectNothing(await port.read('a', nowhere), 'of another incarnation')
        const item = itemOf(view, 'a')
        await port.write(item)
        assert.equal(await port.write(stranger), false)
        expectFound(await port.read('a', nowhere), item, 'what was there')
      },
    },
    {
      id: 'replace-past-incarnation',
      title: 'what is there of a past incarnation is not found, and never newer',
      async run(trial) {
        const port = await trial.port()
        const past = await recordMany(port, 5)
        await port.write(itemOf(past, 'a', { startedAt: past.now + 1_000 }))
        await port.remove('b', itemOf(past, 'b', { startedAt: past.now + 1_000 }), 60_000)
        const view = await port.sync({ incarnation: past.incarnation, version: past.head + 1 })
        expectNothing(await port.read('a', nowhere), 'of the past')
        for (const key of ['a', 'b']) {
          const item = itemOf(view, key, { version: 0, startedAt: 1 })
          assert.equal(await port.write(item), true, `${key} is written`)
          expectFound(await port.read(key, nowhere), item, key)
        }
      },
    },
  ],
}

/** Items of one key, at a head of two digits: nine and ten are told apart. */
async function stamps(port: StorePort): Promise<{
  view: LedgerView
  stamped: (version: number, startedAt: number) => Item
}> {
  let view = await port.sync(nowhere)
  while (view.head < 10) view = await port.record(marking([]), nowhere)
  const stamped = (version: number, startedAt: number) =>
    itemOf(view, 'a', { version, startedAt, bytes: new TextEncoder().encode(`${version} ${startedAt}`) })
  return { view, stamped }
}

async function expectOrder(port: StorePort, older: Item, newer: Item): Promise<void> {
  assert.equal(await port.write(older), true, 'the first is stored')
  assert.equal(await port.write(newer), true, 'the newer one is stored')
  expectFound(await port.read(newer.key, nowhere), newer, 'the newer one')
  assert.equal(await port.write(older), false, 'the older one is not stored')
  expectFound(await port.read(newer.key, nowhere), newer, 'still the newer one')
}
