import assert from 'node:assert/strict'
import type { Marking, ReadReply, StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { hostileTexts, longTexts } from '../hostile.ts'
import type { Badness } from '../judge.ts'
import { expectJudged, expired, fresh, judge, stale } from '../judge.ts'
import { itemOf, marking, nowhere } from '../words.ts'

const minuteMs = 60_000
const longestLabel = 16_384
const never = Number.POSITIVE_INFINITY

export const marks: StoreTheme = {
  name: 'marks',
  cases: [
    {
      id: 'mark-none',
      title: 'what was not marked comes without marks, whatever else was marked',
      async run(trial) {
        const port = await trial.port()
        await port.record(marking(['t:b', 't:', 't:aa', 'k:a'], { hardLabels: ['a', 'u:a'] }), nowhere)
        const reply = await marked(port, marking(['t:c']))
        expectJudged(reply, fresh, 'by labels of others')
        assert.deepEqual(reply.found?.marks, [])
      },
    },
    {
      id: 'mark-hard',
      title: 'a hard marking expires what is older, for every port',
      async run(trial) {
        const [port, other] = await trial.ports(2)
        assert.ok(port && other)
        expectJudged(await marked(port, marking(['t:a'])), expired, 'by the port that recorded')
        expectJudged(await other.read('a', nowhere), expired, 'by another port')
      },
    },
    {
      id: 'mark-soft',
      title: 'a soft marking makes stale what is older, and expires it at its deadline, not before',
      async run(trial) {
        const { found, view } = await marked(await trial.port(), marking(['t:a'], { expireInMs: minuteMs }))
        assert.ok(found !== undefined)
        assert.equal(judge(found.marks, found.version, view.now), stale, 'now')
        assert.equal(judge(found.marks, found.version, view.now + minuteMs / 2), stale, 'before its deadline')
        assert.equal(judge(found.marks, found.version, view.now + minuteMs + 1), expired, 'at its deadline')
      },
    },
    {
      id: 'mark-endless',
      title: 'a soft marking without a deadline makes stale, and never expires',
      async run(trial) {
        const { found, view } = await marked(await trial.port(), marking(['t:a'], { expireInMs: never }))
        assert.ok(found !== undefined)
        assert.equal(judge(found.marks, found.version, view.now), stale, 'now')
        assert.equal(judge(found.marks, found.version, Number.MAX_SAFE_INTEGER), stale, 'at any time')
      },
    },
    {
      id: 'mark-hard-labels',
      title: 'hard labels are expired beside labels that are made stale, also where a label is both',
      async run(trial) {
        const port = await trial.port()
        const view = await port.sync(nowhere)
        for (const label of ['t:soft', 't:hard', 't:both'])
          await port.write(itemOf(view, label, { labels: [label] }))
        const said = { hardLabels: ['t:hard', 't:both'], expireInMs: minuteMs }
        await port.record(marking(['t:soft', 't:both'], said), nowhere)
        expectJudged(await port.read('t:soft', nowhere), stale, 'a label')
        expectJudged(await port.read('t:hard', nowhere), expired, 'a hard label')
        expectJudged(await port.read('t:both', nowhere), expired, 'both')
      },
    },
    {
      id: 'mark-older-only',
      title: 'a marking touches what is older, also if written later, and nothing that began after it',
      async run(trial) {
        const port = await trial.port()
        const before = await port.sync(nowhere)
        const after = await port.record(marking(['t:a']), nowhere)
        await port.write(itemOf(before, 'late', { labels: ['t:a'] }))
        await port.write(itemOf(after, 'later', { labels: ['t:a'] }))
        expectJudged(await port.read('late', nowhere), expired, 'began before, written after')
        expectJudged(await port.read('later', nowhere), fresh, 'began after')
      },
    },
    {
      id: 'mark-worsens',
      title: 'a soft marking revives nothing that is expired, and puts no deadline off',
      async run(trial) {
        const port = await trial.port()
        await marked(port, marking(['t:a']))
        await port.record(marking(['t:a'], { expireInMs: minuteMs }), nowhere)
        await port.record(marking(['t:a'], { expireInMs: never }), nowhere)
        expectJudged(await port.read('a', nowhere), expired, 'hard, then soft')
        await marked(port, marking(['t:b'], { expireInMs: minuteMs }), 'b')
        await port.record(marking(['t:b'], { expireInMs: 10 * minuteMs }), nowhere)
        await port.record(marking(['t:b'], { expireInMs: never }), nowhere)
        const { found, view } = await port.read('b', nowhere)
        assert.ok(found !== undefined)
        assert.equal(judge(found.marks, found.version, view.now), stale, 'soft three times')
        assert.equal(
          judge(found.marks, found.version, view.now + minuteMs + 1),
          expired,
          'the first deadline',
        )
      },
    },
    {
      id: 'mark-each-label',
      title: `each label is marked by itself, whatever it looks like and up to ${longestLabel} characters`,
      async run(trial) {
        const port = await trial.port()
        const labels = ['*', ...hostileTexts, ...longTexts(longestLabel)]
        const view = await port.sync(nowhere)
        await Promise.all(
          labels.map(async (label, index) => port.write(itemOf(view, `item ${index}`, { labels: [label] }))),
        )
        const isFirst = (_: unknown, index: number) => index % 2 === 0
        const first = labels.filter(isFirst)
        await port.record(marking(first.slice(0, 9)), nowhere)
        await port.record(marking([], { hardLabels: first.slice(9) }), nowhere)
        const expectEach = async (badness: (index: number) => Badness) => {
          for (const [index, label] of labels.entries()) {
            const what = `${JSON.stringify(label.slice(0, 20))} of ${label.length}`
            expectJudged(await port.read(`item ${index}`, nowhere), badness(index), what)
          }
        }
        await expectEach((index) => (isFirst(undefined, index) ? expired : fresh))
        await port.record(marking(labels), nowhere)
        await expectEach(() => expired)
      },
    },
    {
      id: 'mark-many-labels',
      title: 'a marking of 10,000 labels marks every one',
      async run(trial) {
        const port = await trial.port()
        const labels = Array.from({ length: 10_000 }, (_, index) => `t:${index}`)
        const view = await port.sync(nowhere)
        const some = labels.filter((_, index) => index % 997 === 0 || index === labels.length - 1)
        for (const label of some) await port.write(itemOf(view, label, { labels: ['*', label] }))
        await port.record(marking(labels, { expireInMs: minuteMs }), nowhere)
        for (const label of some) expectJudged(await port.read(label, nowhere), stale, label)
      },
    },
  ],
}

/** An item from before, read after the marking. */
async function marked(port: StorePort, said: Marking, name = 'a'): Promise<ReadReply> {
  await port.write(itemOf(await port.sync(nowhere), name, { labels: ['*', `t:${name}`] }))
  await port.record(said, nowhere)
  return port.read(name, nowhere)
}
