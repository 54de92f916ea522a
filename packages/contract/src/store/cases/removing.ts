import assert from 'node:assert/strict'
import type { LedgerView, StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { eventually } from '../eventually.ts'
import { expectFound, expectNothing } from '../expect.ts'
import { itemOf, nowhere } from '../words.ts'

const longMs = 60_000

export const removing: StoreTheme = {
  name: 'removing',
  cases: [
    {
      id: 'remove-gone',
      title: 'what is as old as the stamp or older is gone, for every port, and nothing else',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const view = await port.sync(nowhere)
        for (const key of ['older', 'as old', 'bystander']) await port.write(itemOf(view, key))
        await port.remove('older', itemOf(view, 'older', { startedAt: view.now + 1 }), longMs)
        await port.remove('as old', itemOf(view, 'as old'), longMs)
        expectNothing(await other.read('older', nowhere), 'what is older')
        expectNothing(await other.read('as old', nowhere), 'what is as old')
        expectFound(await other.read('bystander', nowhere), itemOf(view, 'bystander'), 'another key')
      },
    },
    {
      id: 'remove-newer',
      title: 'what is newer stays, by version or by start',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        const item = itemOf(view, 'a')
        await port.write(item)
        await port.remove('a', { ...item, startedAt: item.startedAt - 1 }, longMs)
        expectFound(await port.read('a', nowhere), item, 'it began later')
        const next = await port.record({ id: 'm', labels: [], hardLabels: [], expireInMs: 0 }, nowhere)
        const later = itemOf(next, 'a', { startedAt: 1 })
        await port.write(later)
        await port.remove('a', { ...item, startedAt: item.startedAt + 1 }, longMs)
        expectFound(await port.read('a', nowhere), later, 'its version is greater')
      },
    },
    {
      id: 'remove-keeps-out',
      title: 'what is older is kept out, also where nothing was, and what is newer is let in',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const view = await port.sync(nowhere)
        for (const key of ['there', 'not there']) {
          const item = itemOf(view, key)
          if (key === 'there') await port.write(item)
          await port.remove(key, item, longMs)
          assert.equal(await other.write({ ...item, startedAt: item.startedAt - 1 }), false, key)
          expectNothing(await other.read(key, nowhere), key)
          const newer = { ...item, startedAt: item.startedAt + 1 }
          assert.equal(await other.write(newer), true, key)
          expectFound(await port.read(key, nowhere), newer, key)
        }
      },
    },
    {
      id: 'remove-for-a-while',
      title: 'what is older is let in again when its time has passed',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        await port.remove('a', itemOf(view, 'a'), 20)
        const older = itemOf(view, 'a', { startedAt: view.now - 1 })
        await eventually('it is let in', async () => port.write(older))
        const { found, view: after } = await port.read('a', nowhere)
        assert.ok(found !== undefined)
        assert.ok(after.now >= view.now + 19, 'not before its time')
      },
    },
    {
      id: 'remove-again',
      title: 'another removal, of a newer or an older stamp, never makes the time shorter',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        const stamp = (startedAt: number) => itemOf(view, '', { startedAt })
        await port.remove('newer for a moment', stamp(20), longMs)
        await port.remove('newer for a moment', stamp(30), 1)
        await port.remove('older for a moment', stamp(20), longMs)
        await port.remove('older for a moment', stamp(10), 1)
        await port.remove('older for long', stamp(30), 1)
        await port.remove('older for long', stamp(20), longMs)
        await passed(port, view, 50)
        for (const key of ['newer for a moment', 'older for a moment', 'older for long'])
          assert.equal(await port.write(itemOf(view, key, { startedAt: 15 })), false, key)
      },
    },
  ],
}

/** By the store's clock. */
async function passed(port: StorePort, since: LedgerView, ms: number): Promise<void> {
  const isOver = async () => (await port.sync(nowhere)).now > since.now + ms
  await eventually(`${ms} ms have passed`, isOver)
}
