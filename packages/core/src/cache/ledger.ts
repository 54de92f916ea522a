import type { Freshness } from '../state/freshness.ts'
import { outlook } from '../state/freshness.ts'
import type { Mark } from '../state/mark.ts'
import { expireMark, foldFired, staleMark } from '../state/mark.ts'
import type { Entry } from './entry.ts'
import type { NameOf } from './mark-table.ts'
import { asItIs, MarkTable } from './mark-table.ts'
import { portable } from './portable.ts'

/** What one invalidation marks. Everything in it takes effect at once, under one version. */
export interface Marking {
  readonly tags: readonly string[]
  /** Path labels (`state/path.ts`) and those of groups, always hard. */
  readonly paths: readonly string[]
  /** Labels of URLs, always hard. They are forgotten apart: only responses have one. */
  readonly uris?: readonly string[]
  /** Keys of single entries. */
  readonly keys?: readonly string[]
  /** Epoch milliseconds from which what the tags and keys mark is expired; `now` or earlier means hard. */
  readonly expiredAt: number
}

/** What a value is known under: its key, its tags, and path labels and a URL if it is a response. */
export interface Labels {
  readonly key: string
  readonly tags: Iterable<string>
  readonly paths?: Iterable<string> | undefined
  readonly uri?: string | undefined
}

interface Applied extends Required<Marking> {
  readonly version: number
  readonly isHard: boolean
}

/** Applied invalidations that are remembered one by one, for those who were waiting meanwhile. */
const maxHistory = 256
const maxHistoryLabels = 10_000

/** So many invalidations of our own fit between two positions, as long as positions stay below 2^33. */
const ownStep = 2 ** -20

/**
 * The order of invalidations as this process knows it, and the marks that they leave. A version is a place in that
 * order, not a time; a fill takes the position that it finds when it starts, so whatever comes later is known to be
 * later. With a store, whole numbers are what its ledger has recorded, and what has only been said here comes between
 * the last of them and the next.
 */
export class Ledger {
  /** Up to here every invalidation is applied, without a gap. It never goes back. */
  position = 0
  /** Epoch milliseconds from which what began more than `maxUnverifiedMs` ago is not used: nobody can say that it still holds. */
  unverifiedAt = Number.POSITIVE_INFINITY
  maxUnverifiedMs = Number.POSITIVE_INFINITY
  /** It is used all the same. */
  isServedUnverified = false
  /** Grows with every change of any mark: an outlook worked out at this revision still holds. */
  revision = 0

  readonly #tags: MarkTable
  readonly #paths: MarkTable
  readonly #keys: MarkTable
  readonly #uris: MarkTable
  #history: Applied[] = []
  #historyLabels = 0
  /** Invalidations after this version are all in the history. */
  #historySince = 0

  readonly #step: number
  /** What a path, key or URL is known by. */
  readonly #nameOf: NameOf

  /** `isShared`: a store mints the versions, and others say what is marked. */
  constructor(maxMarks: number, isShared = false) {
    this.#step = isShared ? ownStep : 1
    this.#nameOf = isShared ? portable : asItIs
    this.#tags = new MarkTable(maxMarks)
    this.#paths = new MarkTable(maxMarks)
    this.#keys = new MarkTable(maxMarks)
    this.#uris = new MarkTable(maxMarks)
  }

  /** In force when it returns. Gives its version. */
  invalidate(marking: Marking, now: number): number {
    const version = this.position + this.#step
    this.apply(marking, version, now)
    return version
  }

  /** What is at this version is known from now on. */
  apply(marking: Marking, version: number, now: number): void {
    this.position = version
    const isHard = marking.expiredAt <= now
    const worsen = isHard
      ? (mark: Mark) => expireMark(mark, version)
      : (mark: Mark) => staleMark(mark, version, marking.expiredAt, now)
    for (const tag of marking.tags) this.#tags.update(tag, worsen, now)
    const [paths = [], keys = [], uris = []] = [marking.paths, marking.keys, marking.uris].map((labels) =>
      labels?.map(this.#nameOf),
    )
    for (const key of keys) this.#keys.update(key, worsen, now)
    const expire = (mark: Mark) => expireMark(mark, version)
    for (const path of paths) this.#paths.update(path, expire, now)
    for (const uri of uris) this.#uris.update(uri, expire, now)
    this.revision++
    // A copy: the caller's list goes on to whoever awaits or listens, and those may change it.
    const { expiredAt } = marking
    this.#remember({ tags: [...marking.tags], paths, keys, uris, expiredAt, version, isHard })
  }

  /** What is at this version is in force already. */
  advance(version: number): void {
    this.position = version
  }

  /** Expires every entry and every fill in flight: of all that was invalidated up to `version` nothing else is known. */
  invalidateAll(version: number = this.position + this.#step): void {
    this.position = version
    this.#tags.expireAll(version)
    this.#paths.expireAll(version)
    this.#keys.expireAll(version)
    this.#uris.expireAll(version)
    this.revision++
    this.#forgetHistory(version)
  }

  /** Synchronous and without allocation unless a mark has changed since this entry was last judged. */
  judge(entry: Entry, now: number): Freshness {
    if (entry.revision !== this.revision) this.#workOutlook(entry)
    if (now >= this.unverifiedAt && this.isCutOff(entry, now)) return 'expired'
    return now >= entry.expiredAt ? 'expired' : now >= entry.staleAt ? 'stale' : 'fresh'
  }

  /** What it was made of may have been invalidated elsewhere, too long ago for that to go unnoticed. */
  isUnverified(entry: Pick<Entry, 'verifiedAt'>, now: number): boolean {
    return now >= this.unverifiedAt && now > entry.verifiedAt + this.maxUnverifiedMs
  }

  /** The instant from which it is expired by an invalidation, whatever its age is. */
  markedExpiredAt(entry: Entry, now: number): number {
    if (this.isCutOff(entry, now)) return Number.NEGATIVE_INFINITY
    const life = { ...entry.life, expire: Number.POSITIVE_INFINITY }
    return Math.min(entry.markedExpiredAt, outlook({ ...entry, life }, this.#marksOf(entry)).expiredAt)
  }

  /**
   * Was a value of these labels and this version invalidated, by anything up to the position `upTo`?
   * A soft one is hard from its deadline on: `at` is the instant for which the question is asked, in epoch
   * milliseconds. Exact while the history reaches back; beyond that the answer is yes whenever it cannot be
   * ruled out.
   */
  isMarked(
    version: number,
    upTo: number,
    labels: Labels,
    severity: 'hard' | 'any',
    at = Number.NEGATIVE_INFINITY,
  ): boolean {
    if (upTo <= version) return false
    if (this.#historySince <= version) return this.#isMarkedInHistory(version, upTo, labels, severity, at)
    return this.#marksOf(labels).some(
      (mark) =>
        version < foldFired(mark, at).expiredBefore || (severity === 'any' && version < mark.staleBefore),
    )
  }

  /** And so it is not used. */
  isCutOff(entry: Pick<Entry, 'verifiedAt'>, now: number): boolean {
    return !this.isServedUnverified && this.isUnverified(entry, now)
  }

  #isMarkedInHistory(
    version: number,
    upTo: number,
    labels: Labels,
    severity: 'hard' | 'any',
    at: number,
  ): boolean {
    const applied = this.#history.filter((record) => record.version > version && record.version <= upTo)
    if (applied.length === 0) return false
    const tags = new Set(labels.tags)
    const paths = new Set(Array.from(labels.paths ?? [], this.#nameOf))
    const key = this.#nameOf(labels.key)
    const uri = labels.uri === undefined ? undefined : this.#nameOf(labels.uri)
    return applied.some(
      (record) =>
        record.paths.some((path) => paths.has(path)) ||
        (uri !== undefined && record.uris.includes(uri)) ||
        ((record.isHard || record.expiredAt <= at || severity === 'any') &&
          (record.tags.some((tag) => tags.has(tag)) || record.keys.includes(key))),
    )
  }

  #marksOf({ key, tags, paths, uri }: Labels): Mark[] {
    const marks: Mark[] = []
    this.#tags.collect(tags, marks)
    this.#keys.collect([key], marks, this.#nameOf)
    if (paths !== undefined) this.#paths.collect(paths, marks, this.#nameOf)
    if (uri !== undefined) this.#uris.collect([uri], marks, this.#nameOf)
    return marks
  }

  #workOutlook(entry: Entry): void {
    const { staleAt, expiredAt } = outlook(entry, this.#marksOf(entry))
    entry.staleAt = Math.min(staleAt, entry.markedStaleAt)
    entry.expiredAt = Math.min(expiredAt, entry.markedExpiredAt)
    entry.revision = this.revision
  }

  #remember(applied: Applied): void {
    this.#history.push(applied)
    this.#historyLabels += labelCount(applied)
    while (this.#history.length > maxHistory || this.#historyLabels > maxHistoryLabels) {
      const oldest = this.#history.shift() as Applied
      this.#historyLabels -= labelCount(oldest)
      this.#historySince = oldest.version
    }
  }

  #forgetHistory(version: number): void {
    this.#history = []
    this.#historyLabels = 0
    this.#historySince = version
  }
}

function labelCount({ tags, paths, keys, uris }: Applied): number {
  return tags.length + paths.length + keys.length + uris.length
}
