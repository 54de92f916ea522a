import type { StoreOffer } from './description.ts'
import type { Trial } from './trial.ts'

/** One sentence about what a store does, and the proof. */
export interface StoreCase {
  readonly id: string
  readonly title: string
  /** Which of the optional methods it takes. */
  readonly needs?: StoreOffer | undefined
  readonly run: (trial: Trial) => Promise<void>
}

export interface StoreTheme {
  readonly name: string
  readonly cases: readonly StoreCase[]
}
