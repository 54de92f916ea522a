import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { FillScope } from '../cache/scope.ts'

/** What is made of a stored response is labelled by it, as by a cached function. */
export function embed(engine: Engine, entry: Entry, within: FillScope | undefined, now: number): void {
  if (within === undefined) return
  const { ledger } = engine
  within.consume(entry, engine, now)
  if (ledger.judge(entry, now) !== 'fresh') within.refuseStale(ledger.markedExpiredAt(entry, now))
}
