import assert from 'node:assert/strict'
import type { StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { eventually } from '../eventually.ts'
import { expectFailure, expectFound } from '../expect.ts'
import { soon } from '../soon.ts'
import { itemOf, marking, nowhere, positionOf } from '../words.ts'

export const closing: StoreTheme = {
  name: 'closing',
  cases: [
    {
      id: 'close-later-calls',
      title: 'what is asked of a closed port throws or rejects, soon, and does nothing',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const view = await port.sync(nowhere)
        const item = itemOf(view, 'a')
        await port.write(item)
        await port.close()
        const later = { ...item, startedAt: item.startedAt + 1 }
        const calls: Record<string, () => unknown> = {
          read: () => port.read('a', nowhere),
          write: () => port.write(later),
          remove: () => port.remove('a', later, 1_000),
          record: () => port.record(marking(['*']), nowhere),
          sync: () => port.sync(nowhere),
        }
        for (const [name, call] of Object.entries(calls))
          await expectFailure(`${name} of a closed port`, call)
        const reply = await other.read('a', nowhere)
        expectFound(reply, item, 'what was there')
        assert.deepEqual(positionOf(reply.view), positionOf(view))
      },
    },
    {
      id: 'close-twice',
      title: 'a second close does nothing, nor does one of a port that was never used',
      async run(trial) {
        const [port, unused] = await trial.ports(2)
        assert.ok(port && unused)
        await port.sync(nowhere)
        for (const each of [port, port, unused, unused]) await closed(each)
      },
    },
    {
      id: 'close-others',
      title: 'the other ports go on, and what was written stays for those that come',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const view = await port.record(marking(['t:a']), nowhere)
        const item = itemOf(view, 'a')
        await port.write(item)
        await other.sync(nowhere)
        await closed(port)
        const next = await other.record(marking(['t:a']), positionOf(view))
        assert.deepEqual(positionOf(next), { incarnation: view.incarnation, version: view.head + 1 })
        const newcomer = await trial.port()
        const reply = await newcomer.read('a', nowhere)
        expectFound(reply, item, 'for one that comes')
        assert.deepEqual(positionOf(reply.view), positionOf(next))
      },
    },
    {
      id: 'close-watch',
      title: 'a closed port tells of nothing any more',
      needs: 'watch',
      async run(trial) {
        const [port, going, other] = await trial.ports(3)
        assert.ok(port?.watch && going?.watch && other)
        const since = positionOf(await other.sync(nowhere))
        let [told, heard] = [0, 0]
        trial.finally(port.watch(since, ({ head }) => (told = head)))
        trial.finally(going.watch(since, ({ head }) => (heard = head)))
        const { head } = await other.record(marking(['t:a']), nowhere)
        await eventually('both are told', () => Math.min(told, heard) >= head)
        await closed(port)
        for (let count = 0; count < 2; count++) {
          const view = await other.record(marking(['t:a']), nowhere)
          await eventually('the other one is told', () => heard >= view.head)
        }
        assert.equal(told, head)
      },
    },
  ],
}

function closed(port: StorePort): Promise<void> {
  return soon('close', () => port.close())
}
