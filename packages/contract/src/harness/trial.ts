import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import type { App, Part, Serve, Served } from '../description.ts'
import type { Barrier } from './barrier.ts'
import { createBarrier } from './barrier.ts'
import type { Place, SiteDescription } from './place.ts'
import { partsAt } from './place.ts'
import { Site } from './site.ts'
import { quiet } from './waiting.ts'

export const maxEntryBytes = 4 * 1024 * 1024

/** One case at one place: a cache on a clock that stands still, and whatever has to be closed in the end. */
export class Trial {
  readonly clock: FakeClock = fakeClock()
  readonly cache: Cache = createCache({ clock: this.clock, memory: { maxEntryBytes } })
  readonly place: Place
  readonly #serve: Serve
  readonly #servers: Served[] = []
  readonly #sites: Site[] = []
  readonly #barriers: Barrier[] = []

  constructor(serve: Serve, place: Place) {
    this.#serve = serve
    this.place = place
  }

  /** An application with its cache at the place of this trial. */
  site(description: SiteDescription): Promise<Site> {
    return this.serve(partsAt(this.place, description), description, this.place === 'prefix' ? '/api' : '')
  }

  /** An application made of these parts. */
  async serve(
    parts: readonly Part[],
    { trustsProxy = false, cache = this.cache }: Partial<Pick<App, 'trustsProxy' | 'cache'>> = {},
    prefix = '',
  ): Promise<Site> {
    const server = await this.#serve({ cache, trustsProxy, parts })
    this.#servers.push(server)
    const site = new Site(server.port, prefix)
    this.#sites.push(site)
    return site
  }

  barrier(): Barrier {
    const barrier = createBarrier()
    this.#barriers.push(barrier)
    return barrier
  }

  /** Resolves when no refill is under way. */
  async settled(): Promise<void> {
    await quiet()
    await settled(this.cache)
    await quiet()
  }

  async close(): Promise<void> {
    for (const barrier of this.#barriers) barrier.open()
    for (const site of this.#sites) site.close()
    await Promise.all(this.#servers.map((server) => server.close()))
    await this.cache.close()
  }
}
