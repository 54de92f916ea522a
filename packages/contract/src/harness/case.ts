import type { Offer } from '../description.ts'
import type { Place } from './place.ts'
import type { Trial } from './trial.ts'

/** One sentence about what an adapter does, and the proof. */
export interface Case {
  /** What `cannot` names it by. */
  readonly id: string
  readonly title: string
  /** Where it runs. Cases that build an application of their own run once. @default ['root'] */
  readonly places?: readonly Place[]
  /** What it takes beside what every harness has to have. */
  readonly needs?: Offer | undefined
  readonly run: (trial: Trial) => Promise<void>
}

export interface Theme {
  readonly name: string
  readonly cases: readonly Case[]
}
