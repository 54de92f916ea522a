import assert from 'node:assert/strict'
import type { LedgerRecord, Marking, StorePort } from '@restale/core/store'
import fc from 'fast-check'
import type { StoreTheme } from '../case.ts'
import { expectRecordsAfter } from '../expect.ts'
import { judge, judgeByRecords } from '../judge.ts'
import { itemOf, marking, nowhere, positionOf } from '../words.ts'

/** So many deadlines a mark can have; with more of them it may judge some too badly, and none too well. */
const fewest = 4
const most = 14
const never = Number.POSITIVE_INFINITY
/** For slow stores: what has not failed by then has passed. */
const longestMs = 8_000

const names = ['a', 'b', 'c']
const someNames = fc.uniqueArray(fc.constantFrom(...names))
const markings = (maxLength: number) =>
  fc.array(
    fc.record({
      labels: someNames,
      hardLabels: fc.oneof(
        { weight: 3, arbitrary: fc.constant<string[]>([]) },
        { weight: 1, arbitrary: someNames },
      ),
      expireInMs: fc.constantFrom(0, 1, 40, 1_000, 1_001, 30_000, 60_000, 3_600_000, never),
    }),
    { minLength: 1, maxLength },
  )

export const history: StoreTheme = {
  name: 'what marks remember',
  cases: [
    {
      id: 'history-exact',
      title: 'after a few markings, every version is at any time exactly as bad as all records together say',
      run: (trial) =>
        judgeHistories(trial.port(), fewest, (byMarks, byRecords, what) =>
          assert.equal(byMarks, byRecords, what),
        ),
    },
    {
      id: 'history-never-better',
      title: 'after many markings, no version is at any time better than all records together say',
      run: (trial) =>
        judgeHistories(trial.port(), most, (byMarks, byRecords, what) =>
          assert.ok(byMarks >= byRecords, `${what}: ${byMarks} instead of at least ${byRecords}`),
        ),
    },
  ],
}

const soft = (expireInMs: number) => ({ labels: ['a'], hardLabels: [], expireInMs })

/** Looked at by all means: as many deadlines as a mark can have, each later than the one before, or sooner. */
const examples = [
  [1_000, 30_000, 60_000, 3_600_000],
  [3_600_000, 60_000, 30_000, 1_000],
].map((deadlines): [ReturnType<typeof soft>[]] => [deadlines.map(soft)])

type Compare = (byMarks: number, byRecords: number, what: string) => void

/** Random markings, each time of labels that nobody has marked before, in one store. */
async function judgeHistories(
  opening: Promise<StorePort>,
  maxLength: number,
  compare: Compare,
): Promise<void> {
  const port = await opening
  let run = 0
  const property = fc.asyncProperty(markings(maxLength), async (said) => {
    run++
    const label = (name: string) => `t:${run} ${name}`
    const all = said.map(({ labels, hardLabels, expireInMs }) =>
      marking(labels.map(label), { hardLabels: hardLabels.map(label), expireInMs }),
    )
    await judgeHistory(port, all, names.map(label), compare)
  })
  await fc.assert(property, { numRuns: 60, examples, interruptAfterTimeLimit: longestMs })
}

async function judgeHistory(
  port: StorePort,
  said: readonly Marking[],
  labels: readonly string[],
  compare: Compare,
): Promise<void> {
  const before = await port.sync(nowhere)
  // One of each label, and one of all.
  const items = [...labels.map((label) => [label]), labels].map((own) =>
    itemOf(before, JSON.stringify(own), { labels: own }),
  )
  for (const item of items) await port.write(item)
  for (const each of said) await port.record(each, nowhere)
  for (const item of items) {
    const { found, view } = await port.read(item.key, positionOf(before))
    assert.ok(found !== undefined, 'the item is found')
    const records = expectRecordsAfter(view, before.head)
    for (let version = before.head; version <= view.head; version++) {
      for (const at of instants(records, view.now)) {
        const byRecords = judgeByRecords(records, item.labels, version, at)
        const what = `version ${version - before.head}, ${at - view.now} ms later`
        compare(judge(found.marks, version, at), byRecords, what)
      }
    }
  }
}

/** When something may change: the past does not matter any more. */
function instants(records: readonly LedgerRecord[], now: number): number[] {
  const around = records.flatMap(({ expiredAt }) => [expiredAt - 0.5, expiredAt, expiredAt + 1])
  const farAhead = now + 1_000_000_000_000
  return [now, ...around, farAhead].filter((at) => at >= now && Number.isFinite(at))
}
