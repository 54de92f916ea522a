import { Buffer } from 'node:buffer'
import type { Item, LedgerView, Marking, Position, StorePort } from '@restale/core/store'

/** Where a process is that has seen no ledger yet. */
export const nowhere: Position = { incarnation: undefined, version: 0 }

export function positionOf({ incarnation, head }: LedgerView): Position {
  return { incarnation, version: head }
}

/** What was made at the moment of the view, of use for a minute. */
export function itemOf(view: LedgerView, key: string, more: Partial<Item> = {}): Item {
  const { incarnation, head: version, now } = view
  const bytes = Buffer.from(`what lies under ${key.slice(0, 100)}`)
  const made = { incarnation, version, startedAt: now, uselessAt: now + 60_000 }
  return { key, labels: ['*'], bytes, ...made, ...more }
}

let markings = 0

/** Hard, unless something else is said. */
export function marking(labels: readonly string[], more: Partial<Marking> = {}): Marking {
  return { id: `marking-${++markings}`, labels, hardLabels: [], expireInMs: 0, ...more }
}

/** Records so many markings of nothing, and gives the last view. */
export async function recordMany(port: StorePort, count: number): Promise<LedgerView> {
  let view = await port.sync(nowhere)
  for (let made = 0; made < count; made++) view = await port.record(marking([]), nowhere)
  return view
}

/** Every byte value, and none of them at a place that it would have in a shorter pattern. */
export function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
}
