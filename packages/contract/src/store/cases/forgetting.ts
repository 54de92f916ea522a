import assert from 'node:assert/strict'
import type { StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { expectRecordsAfter } from '../expect.ts'
import { expectJudged, expectNotRevived, fresh, judge } from '../judge.ts'
import { itemOf, marking, nowhere, positionOf } from '../words.ts'

const markingsAfter = 1_000
const labelsEach = 24
const prefixes = ['t:', 'u:']

export const forgetting: StoreTheme = {
  name: 'forgetting',
  cases: [
    {
      id: 'forget-marks',
      title: `after ${markingsAfter * labelsEach} labels more, nothing comes back without its mark`,
      async run(trial) {
        const port = await trial.port()
        const before = await port.sync(nowhere)
        const labels = ['t:a', 't:b', 'u:/a', 'p:/a', 'k:a']
        for (const label of labels) await port.write(itemOf(before, label, { labels: ['*', label] }))
        await port.record(marking(['t:a', 'k:a'], { hardLabels: ['u:/a'] }), nowhere)
        await port.record(marking([], { hardLabels: ['t:b', 'p:/a'] }), nowhere)
        await markManyOthers(port)
        for (const label of labels) expectNotRevived(await port.read(label, nowhere), label)
        const late = itemOf(before, 'late', { labels: ['*', 't:a'] })
        await port.write(late)
        expectNotRevived(await port.read('late', nowhere), 'written late')
      },
    },
    {
      id: 'forget-nothing-new',
      title: 'what began after all of that is fresh',
      async run(trial) {
        const port = await trial.port()
        await markManyOthers(port)
        const view = await port.sync(nowhere)
        const labels = ['*', 't:a', 't:1 in 1', 'u:1 in 1', 'u:/a']
        assert.equal(await port.write(itemOf(view, 'new', { labels })), true)
        expectJudged(await port.read('new', nowhere), fresh, 'new')
      },
    },
    {
      id: 'forget-records',
      title: 'records after an old position are all there, or undefined: never a part',
      async run(trial) {
        const port = await trial.port()
        const before = await port.sync(nowhere)
        const after = await markManyOthers(port)
        assert.equal(after.incarnation, before.incarnation)
        for (let version = before.head; version <= after.head; version += 250) {
          const view = await port.sync({ incarnation: before.incarnation, version })
          if (view.records !== undefined) expectRecordsAfter(view, version)
        }
        const next = await port.record(marking(['t:a']), positionOf(after))
        expectRecordsAfter(next, after.head)
      },
    },
    {
      id: 'forget-too-much',
      title: 'a marking of 100,000 labels is recorded, and marks what has one of them',
      async run(trial) {
        const port = await trial.port()
        const before = await port.sync(nowhere)
        const labels = Array.from({ length: 100_000 }, (_, index) => `t:${index}`)
        const some = labels.filter((_, index) => index % 9_999 === 0)
        for (const label of some) await port.write(itemOf(before, label, { labels: ['*', label] }))
        const view = await port.record(marking(labels), nowhere)
        assert.equal(view.head, before.head + 1)
        for (const label of some) expectNotRevived(await port.read(label, nowhere), label)
        const after = itemOf(view, 'after', { labels: ['*', 't:0'] })
        await port.write(after)
        const { found, view: seen } = await port.read('after', nowhere)
        assert.ok(found !== undefined)
        assert.equal(judge(found.marks, found.version, seen.now), fresh, 'what began after it')
      },
    },
  ],
}

/** A hundred at a time: a store that is asked over a network answers as many at once. */
async function markManyOthers(port: StorePort): ReturnType<typeof latest> {
  for (let count = 0; count < markingsAfter; count += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => port.record(othersOf(count + index), nowhere)),
    )
  }
  return latest(port)
}

async function latest(port: StorePort) {
  return port.sync(nowhere)
}

function othersOf(turn: number) {
  const labels = Array.from({ length: labelsEach }, (_, index) => {
    const prefix = prefixes[index % prefixes.length]
    return `${prefix}${index} in ${turn}`
  })
  return marking(labels)
}
