import type { Codec } from '../cache/codec.ts'
import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import { createEntry } from '../cache/entry.ts'
import { portable } from '../cache/portable.ts'
import { entryBytes } from '../cache/size.ts'
import { describeError, warnOnce } from '../cache/warnings.ts'
import { outlook } from '../state/freshness.ts'
import type { Mark } from '../state/mark.ts'
import type { StoredEntry } from './entry-envelope.ts'
import { decodeEntry, encodeEntry } from './entry-envelope.ts'
import type { Seal } from './envelope.ts'
import { entryLabels } from './labels.ts'
import type { Mirror } from './mirror.ts'
import type { Outbox } from './outbox.ts'
import type { Item, ReadReply, Stamp } from './port.ts'

/** A question for what is stored under a key. */
export interface Question<V> {
  readonly key: string
  readonly codec: Codec<V>
  /** Epoch milliseconds. */
  readonly askedAt: number
}

/** Nothing is stored for longer, in milliseconds. */
const longestMs = 365 * 24 * 60 * 60 * 1000
const badness = { fresh: 0, stale: 1, expired: 2 }
const endless = { stale: 0, revalidate: Number.POSITIVE_INFINITY, expire: Number.POSITIVE_INFINITY }

/** Entries as they lie in the store: out of memory, and back into it. */
export class Items {
  readonly #engine: Engine
  readonly #mirror: Mirror
  readonly #outbox: Outbox
  readonly #seal: Seal

  constructor(engine: Engine, mirror: Mirror, outbox: Outbox, seal: Seal) {
    this.#engine = engine
    this.#mirror = mirror
    this.#outbox = outbox
    this.#seal = seal
  }

  /** Undefined if it is not for the store, or began when another ledger was in force. */
  item(entry: Entry): Item | undefined {
    const { codec, key, life } = entry
    const stamp = this.stamp(entry.version, entry.startedAt)
    const uselessAt = this.#theirs(entry.bornAt) + Math.min(life.expire * 1000, longestMs)
    const isUseless = uselessAt <= this.#theirs(this.#engine.clock.now())
    if (codec === undefined || stamp === undefined || isUseless) return undefined
    const bornAt = this.#theirs(entry.bornAt)
    try {
      const { value, tags, paths, uri, isRetained, lifeHandedOn } = entry
      const stored = {
        key,
        value,
        tags,
        paths,
        uri,
        isRetained,
        life,
        lifeHandedOn,
        ...stamp,
        bornAt,
      }
      const bytes = encodeEntry(stored, codec, this.#seal)
      if (bytes.byteLength > this.#seal.maxBytes) return undefined
      return { ...stamp, key: portable(key), labels: entryLabels(entry), uselessAt, bytes }
    } catch (error) {
      const message = `What is kept under ${key} stays in memory, and is not shared: ${describeError(error)}`
      warnOnce('RESTALE_UNSHAREABLE', codec.kind, message)
      return undefined
    }
  }

  stamp(version: number, startedAt: number): Stamp | undefined {
    const { incarnation } = this.#mirror.position
    const shared = this.#mirror.sharedVersion(version)
    if (incarnation === undefined || shared === undefined) return undefined
    return { incarnation, version: shared, startedAt: this.#theirs(startedAt) }
  }

  /** What was found, in memory from now on; undefined if it cannot be used. */
  bring<V>({ view, found }: ReadReply, question: Question<V>): Entry<V> | undefined {
    const { incarnation } = this.#mirror.position
    if (found === undefined || view.incarnation !== incarnation) return undefined
    const stored = decodeEntry(found.bytes, question.key, question.codec, this.#seal)
    if (stored === undefined) {
      this.#engine.events.reason(
        'refused',
        question.key,
        'what the store gave is damaged, or of another kind',
      )
      return undefined
    }
    const isHere = stored.incarnation === incarnation && stored.version === found.version
    const labels = entryLabels(stored)
    // Marked by what the store did not know yet, or by what came after its answer.
    if (!isHere || this.#outbox.marks(labels) || this.#mirror.isOvertaken(view.head, labels)) return undefined
    return this.#place(this.#entryOf(stored, found.marks, question))
  }

  #entryOf<V>(stored: StoredEntry<V>, marks: readonly Mark[], { codec, askedAt }: Question<V>): Entry<V> {
    const { bytes, version, incarnation: _, ...kept } = stored
    const ours = (at: number) => this.#mirror.ours(at)
    const { staleAt, expiredAt } = outlook({ version, bornAt: 0, life: endless }, marks)
    const startedAt = ours(kept.startedAt)
    return createEntry({
      ...kept,
      codec,
      startedAt,
      bornAt: ours(kept.bornAt),
      verifiedAt: askedAt,
      sequence: this.#engine.fills.sequenceAt(kept.key, startedAt),
      size: entryBytes(kept) + bytes,
      // All that is known here by now has been looked at.
      version: this.#engine.ledger.position,
      markedStaleAt: ours(staleAt),
      markedExpiredAt: ours(expiredAt),
    })
  }

  /** What was made here meanwhile stays, unless it is worse. */
  #place<V>(entry: Entry<V>): Entry<V> | undefined {
    const { memory, ledger, clock, events } = this.#engine
    const now = clock.now()
    const freshness = ledger.judge(entry, now)
    const held = memory.peek(entry.key) as Entry<V> | undefined
    const isAsGood = held !== undefined && badness[ledger.judge(held, now)] <= badness[freshness]
    if (isAsGood && held.startedAt >= entry.startedAt) return held
    if (freshness === 'expired' || !memory.set(entry)) return undefined
    events.key('loaded', entry.key)
    return entry
  }

  /** An instant by the store's clock. */
  #theirs(at: number): number {
    return this.#mirror.theirs(at)
  }
}
