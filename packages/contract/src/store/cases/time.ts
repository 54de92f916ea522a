import assert from 'node:assert/strict'
import type { StoreTheme } from '../case.ts'
import { eventually } from '../eventually.ts'
import { marking, nowhere } from '../words.ts'

export const time: StoreTheme = {
  name: 'time',
  cases: [
    {
      id: 'time-forward',
      title: 'the store’s time never steps back between answers, by whichever port and method',
      async run(trial) {
        const ports = await trial.ports(3)
        let latest = 0
        for (let round = 0; round < 60; round++) {
          for (const port of ports) {
            const views = [
              await port.sync(nowhere),
              (await port.read('a', nowhere)).view,
              await port.record(marking([]), nowhere),
            ]
            for (const { now } of views) {
              assert.ok(Number.isFinite(now), `${now} is an instant`)
              assert.ok(now >= latest, `${now} comes after ${latest}`)
              latest = now
            }
          }
        }
      },
    },
    {
      id: 'time-incarnation',
      title: 'nor does it in a new incarnation',
      async run(trial) {
        const port = await trial.port()
        const before = await port.record(marking(['t:a']), nowhere)
        const view = await port.sync({ incarnation: before.incarnation, version: before.head + 1 })
        assert.ok(view.now >= before.now, `${view.now} comes after ${before.now}`)
      },
    },
    {
      id: 'time-passes',
      title: 'the store’s time passes, in milliseconds since 1970',
      async run(trial) {
        const port = await trial.port()
        const [first, began] = [await port.sync(nowhere), performance.now()]
        const aDayMs = 24 * 60 * 60 * 1000
        assert.ok(Math.abs(first.now - Date.now()) < aDayMs, `${first.now} is about now`)
        let { now } = first
        await eventually('50 ms have passed', async () => {
          now = (await port.sync(nowhere)).now
          return now >= first.now + 50
        })
        const tookMs = performance.now() - began
        assert.ok(now - first.now <= tookMs + 50, `${now - first.now} ms passed in ${tookMs}`)
      },
    },
  ],
}
