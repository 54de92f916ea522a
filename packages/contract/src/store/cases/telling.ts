import assert from 'node:assert/strict'
import type { LedgerView, Position, StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { eventually } from '../eventually.ts'
import type { Trial } from '../trial.ts'
import { marking, nowhere, positionOf } from '../words.ts'

const promptMs = 250

export const telling: StoreTheme = {
  name: 'telling of others',
  cases: [
    {
      id: 'tell-offered',
      title: 'a port has what it is said to have of peek and watch, and one of them at least',
      async run(trial) {
        const port = await trial.port()
        const has = (['peek', 'watch'] as const).filter((name) => port[name] !== undefined)
        assert.deepEqual(has, [...trial.offers].sort())
        assert.notEqual(has.length, 0)
      },
    },
    {
      id: 'peek-at-once',
      title: 'peek says where the ledger is, as soon as another port has recorded',
      needs: 'peek',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port?.peek && other)
        assert.deepEqual(plain(port.peek()), positionOf(await other.sync(nowhere)))
        for (let count = 0; count < 20; count++) {
          const view: LedgerView = await other.record(marking(['t:a']), nowhere)
          assert.deepEqual(plain(port.peek()), positionOf(view))
        }
      },
    },
    {
      id: 'peek-incarnation',
      title: 'peek sees a new incarnation',
      needs: 'peek',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port?.peek && other)
        const { incarnation, head } = await other.record(marking(['t:a']), nowhere)
        port.peek()
        const view = await other.sync({ incarnation, version: head + 1 })
        assert.deepEqual(plain(port.peek()), positionOf(view))
      },
    },
    {
      id: 'watch-prompt',
      title: `watch tells of what another port has recorded, within ${promptMs} ms`,
      needs: 'watch',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const watched = new Watched(trial, port, positionOf(await port.sync(nowhere)))
        const delays: number[] = []
        // The first may have to connect, and a machine may be busy for a moment.
        for (let count = 0; count < 9; count++) {
          const { head } = await other.record(marking(['t:a']), nowhere)
          const recordedAt = performance.now()
          await eventually('it is told', () => watched.head >= head)
          delays.push(performance.now() - recordedAt)
        }
        const middle = delays.sort((a, b) => a - b)[4] as number
        assert.ok(middle <= promptMs, `it took ${Math.round(middle)} ms`)
      },
    },
    {
      id: 'watch-contiguous',
      title: 'each view of watch goes on where the one before it ended, and none is missing',
      needs: 'watch',
      async run(trial) {
        const [port, first, second] = await trial.ports(3)
        assert.ok(port && first && second)
        // What came before it began to watch is told as well.
        const since = positionOf(await port.sync(nowhere))
        await first.record(marking(['t:before']), nowhere)
        const watched = new Watched(trial, port, since)
        let head = 0
        for (let count = 0; count < 50; count++) {
          const views = [first, second].map(async (each) => each.record(marking([`t:${count}`]), nowhere))
          for (const view of await Promise.all(views)) head = Math.max(head, view.head)
        }
        await eventually('all of it is told', () => watched.head >= head)
        const versions = watched.views.flatMap(({ records = [] }) => records.map(({ version }) => version))
        assert.deepEqual(
          versions,
          Array.from({ length: head - since.version }, (_, index) => since.version + index + 1),
        )
      },
    },
    {
      id: 'watch-ends',
      title: 'after watch was ended nothing comes any more, and others go on',
      needs: 'watch',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const since = positionOf(await port.sync(nowhere))
        const [ended, going] = [new Watched(trial, port, since), new Watched(trial, port, since)]
        const { head } = await other.record(marking(['t:a']), nowhere)
        await eventually('both are told', () => Math.min(ended.head, going.head) >= head)
        ended.stop()
        const { length } = ended.views
        const next = await other.record(marking(['t:a']), nowhere)
        await eventually('the other is told', () => going.head >= next.head)
        const last = await other.record(marking(['t:a']), nowhere)
        await eventually('the other is told', () => going.head >= last.head)
        assert.equal(ended.views.length, length)
        ended.stop()
      },
    },
    {
      id: 'watch-incarnation',
      title: 'watch tells of a new incarnation',
      needs: 'watch',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const before = await other.record(marking(['t:a']), nowhere)
        const watched = new Watched(trial, port, positionOf(before))
        const view = await other.sync({ incarnation: before.incarnation, version: before.head + 1 })
        await other.record(marking(['t:a']), nowhere)
        const isTold = () => watched.views.some(({ incarnation }) => incarnation === view.incarnation)
        await eventually('it is told', isTold)
        const told = watched.views.find(({ incarnation }) => incarnation === view.incarnation)
        assert.equal(told?.records, undefined, 'its records come after nothing that is known')
      },
    },
  ],
}

/** All that one watch has told. */
class Watched {
  readonly views: LedgerView[] = []
  readonly stop: () => void

  constructor(trial: Trial, port: StorePort, since: Position) {
    assert.ok(port.watch !== undefined)
    this.stop = port.watch(since, (view) => this.views.push(view))
    trial.finally(this.stop)
  }

  get head(): number {
    return this.views.at(-1)?.head ?? -1
  }
}

function plain({ incarnation, version }: Position): Position {
  return { incarnation, version }
}
