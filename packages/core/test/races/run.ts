import type { Plan } from './plan.ts'

/** What a value has of the source of one tag. */
export interface Reading {
  readonly version: number
  /** When the run began that has read it: a place in the order of all that happens. */
  readonly startOrder: number
}

/** One making of a value. */
export interface Run {
  readonly id: number
  readonly plan: Plan
  readonly startOrder: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Undefined while it is being made, and for ever if it has failed. */
  endOrder: number | undefined
  /** Epoch milliseconds until which its life says that it is fresh, if nothing is invalidated. */
  freshUntil: number
  /** Epoch milliseconds from which its life says that it must not be given any more. */
  expiresAt: number
  /** By tag, those of what is nested in it included. */
  readonly readings: Map<string, Reading>
  /** The runs whose values are nested in it. */
  readonly parts: Run[]
}

/** Keeps the older of two readings of one tag. */
export function addReading(run: Run, tag: string, reading: Reading): void {
  const known = run.readings.get(tag)
  if (known === undefined) run.readings.set(tag, reading)
  else {
    run.readings.set(tag, {
      version: Math.min(known.version, reading.version),
      startOrder: Math.min(known.startOrder, reading.startOrder),
    })
  }
}
