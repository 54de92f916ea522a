// Five ways to break the law in one process, each of them a mistake that a shared cache could well make.
import { engineOf } from '../../../core/dist/cache/engine-of.js'
import { MarkTable } from '../../../core/dist/cache/mark-table.js'
import { Mirror } from '../../../core/dist/store/mirror.js'

const mutants = {
  /** The version of an entry is the position at which it is stored. */
  'stamp at write': ({ engine }) => {
    const entryOf = engine.entryOf.bind(engine)
    engine.entryOf = (fill, filled) => ({ ...entryOf(fill, filled), version: engine.ledger.position })
  },
  /** Nobody asks whether a flight, or what has landed, was invalidated before they came. */
  'join an older flight': ({ engine }) => {
    engine.ledger.isMarked = () => false
  },
  /** The last invalidation decides. */
  'soft overwrites hard': ({ engine: { ledger } }) => {
    const last = new Map()
    const apply = ledger.apply.bind(ledger)
    ledger.apply = (marking, version, now) => {
      apply(marking, version, now)
      for (const tag of marking.tags) last.set(tag, { ...marking, version })
    }
    ledger.judge = ({ version, tags, markedExpiredAt }, now) => {
      const marks = tags
        .map((tag) => last.get(tag))
        .filter((marking) => marking !== undefined && marking.version > version)
      if (now >= markedExpiredAt || marks.some(({ expiredAt }) => expiredAt <= now)) return 'expired'
      return marks.length > 0 ? 'stale' : 'fresh'
    }
  },
  /** What was forgotten of marks is forgotten. */
  'forget marks without a floor': () => {
    const { get } = MarkTable.prototype
    if (MarkTable.prototype.collect === undefined) throw new Error('Marks are collected by another name')
    MarkTable.prototype.collect = function collect(labels, marks, nameOf = (label) => label) {
      const known = Array.from(labels, (label) => get.call(this, nameOf(label)))
      marks.push(...known.filter((mark) => mark !== undefined))
    }
  },
  /** Who was cut off goes on where the others are now. */
  'skip the re-sync': () => {
    const { apply } = Mirror.prototype
    Mirror.prototype.apply = function skip(view, askedAt) {
      const { incarnation, version } = this.position
      const isFirst = incarnation === undefined
      const isGap = view.incarnation !== incarnation || view.head > version + 1
      if (isFirst || !isGap) return apply.call(this, view, askedAt)
      const { ledger } = this.parts
      const { invalidateAll } = ledger
      ledger.invalidateAll = (position) => ledger.advance(position)
      try {
        return apply.call(this, { ...view, records: undefined }, askedAt)
      } finally {
        ledger.invalidateAll = invalidateAll
      }
    }
  },
}

export function mutate(cache, name) {
  const engine = engineOf(cache)
  Object.defineProperty(Mirror.prototype, 'parts', { value: engine })
  mutants[name]({ engine })
}
