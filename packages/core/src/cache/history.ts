import { Oldest } from './oldest.ts'

/** What a key turned out to be, apart from whether something is stored for it now. */
export interface Nature {
  /** It opted in before: a new fill is decided from the start. */
  readonly isDecided?: boolean
  /** Its responses are for one requester only: nobody waits for another's. */
  readonly isUncollapsible?: boolean
  /** A mount further in owns it. */
  readonly isCeded?: boolean
}

/** Longer keys are not remembered: clients choose them, and they must not fill the memory. */
const maxKeyLength = 512

/** A bounded memory of keys; what it forgets is learnt again at the next response. */
export class KeyHistory {
  readonly #natures = new Map<string, Nature>()
  readonly #oldest = new Oldest(this.#natures)
  readonly #limit: number

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  get(key: string): Nature | undefined {
    return this.#natures.get(key)
  }

  set(key: string, nature: Nature): void {
    if (key.length > maxKeyLength) return
    this.#natures.delete(key)
    this.#natures.set(key, nature)
    if (this.#natures.size > this.#limit) this.#natures.delete(this.#oldest.next())
  }

  forget(key: string): void {
    this.#natures.delete(key)
  }

  clear(): void {
    this.#natures.clear()
  }
}
