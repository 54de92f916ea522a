import type { Entry } from '../cache/entry.ts'
import type { Marking } from '../cache/ledger.ts'
import { portable } from '../cache/portable.ts'
import type { LedgerRecord, Marking as SharedMarking } from './port.ts'

/** Everything has this label. */
const everything = '*'
/** Everything that has a URL. */
const everyUri = 'u*'

/** What a store knows a marking by. */
export function sharedLabels(marking: Marking | 'all'): Pick<SharedMarking, 'labels' | 'hardLabels'> {
  if (marking === 'all') return { labels: [], hardLabels: [everything] }
  const { tags, keys = [], paths, uris = [] } = marking
  return {
    labels: [...prefixed('t:', tags), ...prefixed('k:', keys)],
    hardLabels: [...prefixed('p:', paths), ...prefixed('u:', uris)],
  }
}

/** By which invalidations an entry is reached. */
export function entryLabels({
  key,
  tags,
  paths,
  uri,
}: Pick<Entry, 'key' | 'tags' | 'paths' | 'uri'>): string[] {
  const ofUri = uri === undefined ? [] : [everyUri, ...prefixed('u:', [uri])]
  const ofKey = prefixed('k:', [key])
  return [everything, ...ofKey, ...prefixed('t:', tags), ...prefixed('p:', paths ?? []), ...ofUri]
}

/** What a record marks here. `laterMs`: how far this clock is ahead of the store's. */
export function markingOf(record: LedgerRecord, laterMs: number): Marking | 'all' {
  const labels = [...record.labels, ...record.hardLabels]
  // What is soft for everything, or for every URL, nobody says.
  if (labels.includes(everything) || labels.includes(everyUri)) return 'all'
  const expiredAt =
    record.expiredAt <= record.recordedAt ? Number.NEGATIVE_INFINITY : record.expiredAt + laterMs
  const after = (prefix: string) =>
    labels.filter((label) => label.startsWith(prefix)).map((label) => label.slice(2))
  return { tags: after('t:'), keys: after('k:'), paths: after('p:'), uris: after('u:'), expiredAt }
}

function prefixed(prefix: string, labels: Iterable<string>): string[] {
  return Array.from(labels, (label) => prefix + portable(label))
}
