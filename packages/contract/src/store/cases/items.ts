import assert from 'node:assert/strict'
import type { StoreTheme } from '../case.ts'
import { expectFound, expectNothing } from '../expect.ts'
import { expectJudged, expired, fresh } from '../judge.ts'
import { bytesOf, itemOf, marking, nowhere, positionOf } from '../words.ts'

const mebibyte = 1024 * 1024
const lengths = [0, 1, 255, 256, 4_095, 4_096, 65_537, 3 * mebibyte + 1]
const mostLabels = 1_200

export const items: StoreTheme = {
  name: 'items',
  cases: [
    {
      id: 'item-bytes',
      title: 'what was written is read byte for byte, from nothing to megabytes',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        const view = await port.sync(nowhere)
        for (const length of lengths) {
          const item = itemOf(view, `of ${length}`, { bytes: bytesOf(length) })
          assert.equal(await port.write(item), true)
          expectFound(await port.read(item.key, nowhere), item, `${length} bytes`)
          expectFound(await other.read(item.key, nowhere), item, `${length} bytes, by another port`)
        }
      },
    },
    {
      id: 'item-window',
      title: 'of bytes that are a part of a larger buffer, only that part is written',
      async run(trial) {
        const port = await trial.port()
        const item = itemOf(await port.sync(nowhere), 'a', { bytes: bytesOf(1_000).subarray(300, 400) })
        await port.write(item)
        expectFound(await port.read('a', nowhere), item, 'a part')
      },
    },
    {
      id: 'item-absent',
      title: 'where nothing was written nothing is found, and the view comes all the same',
      async run(trial) {
        const port = await trial.port()
        const before = await port.record(marking(['t:a']), nowhere)
        const reply = await port.read('a', nowhere)
        expectNothing(reply, 'nobody wrote it')
        assert.deepEqual(positionOf(reply.view), positionOf(before))
      },
    },
    {
      id: 'item-useless',
      title: 'what is of no use any more may be kept or not, and is not in the way',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        const useless = itemOf(view, 'a', { uselessAt: view.now - 1_000 })
        await port.write(useless)
        const reply = await port.read('a', nowhere)
        if (reply.found !== undefined) expectFound(reply, useless, 'if anything, that')
        const useful = itemOf(view, 'a', { startedAt: useless.startedAt + 1, bytes: bytesOf(9) })
        assert.equal(await port.write(useful), true)
        expectFound(await port.read('a', nowhere), useful, 'what is of use')
      },
    },
    {
      id: 'item-labels',
      title: `an item is reached by each of ${mostLabels} labels`,
      async run(trial) {
        const port = await trial.port()
        const labels = Array.from({ length: mostLabels }, (_, index) => `t:${index}`)
        const item = itemOf(await port.sync(nowhere), 'a', { labels })
        assert.equal(await port.write(item), true)
        expectJudged(await port.read('a', nowhere), fresh, 'before')
        for (const label of [labels[0], labels[mostLabels / 2], labels[mostLabels - 1]]) {
          const view = await port.sync(nowhere)
          const later = itemOf(view, `after ${label}`, { labels })
          await port.write(later)
          await port.record(marking([label as string]), nowhere)
          expectJudged(await port.read(later.key, nowhere), expired, `marked by ${label}`)
        }
      },
    },
    {
      id: 'item-no-labels',
      title: 'an item without labels is reached by no marking',
      async run(trial) {
        const port = await trial.port()
        await port.write(itemOf(await port.sync(nowhere), 'a', { labels: [] }))
        await port.record(marking(['*', 't:a', 'a', '']), nowhere)
        expectJudged(await port.read('a', nowhere), fresh, 'without labels')
      },
    },
  ],
}
