import type { StorePort } from '@restale/core/store'
import type { StoreOffer, StoreTrial } from './description.ts'
import { soon } from './soon.ts'

/** One case on one store, and whatever has to be closed in the end. */
export class Trial {
  readonly offers: readonly StoreOffer[]
  readonly #store: StoreTrial
  readonly #ports: StorePort[] = []
  readonly #stops: (() => void)[] = []

  constructor(store: StoreTrial, offers: readonly StoreOffer[]) {
    this.#store = store
    this.offers = offers
  }

  async port(): Promise<StorePort> {
    const port = await this.#store.port()
    this.#ports.push(port)
    return port
  }

  ports(count: number): Promise<StorePort[]> {
    return Promise.all(Array.from({ length: count }, () => this.port()))
  }

  /** Does this in the end, before anything is closed. */
  finally(stop: () => void): void {
    this.#stops.push(stop)
  }

  async close(): Promise<void> {
    try {
      for (const stop of this.#stops) stop()
      await Promise.all(this.#ports.map((port) => soon('close', () => port.close())))
    } finally {
      await this.#store.close()
    }
  }
}
