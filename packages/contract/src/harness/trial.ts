import type { Cache, Clock, Store } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import type { App, Part, Serve, Served } from '../description.ts'
import type { Barrier } from './barrier.ts'
import { createBarrier } from './barrier.ts'
import type { Place, SiteDescription } from './place.ts'
import { partsAt } from './place.ts'
import { Site } from './site.ts'
import { clientTls } from './tls.ts'
import { quiet } from './waiting.ts'

export const maxEntryBytes = 4 * 1024 * 1024

/** One case at one place: a cache on a clock that stands still, and whatever has to be closed in the end. */
export class Trial {
  readonly clock: FakeClock = fakeClock()
  readonly cache: Cache
  readonly place: Place
  readonly #serve: Serve
  readonly #servers = new Set<Served>()
  readonly #sites = new Map<Site, Served>()
  readonly #barriers: Barrier[] = []

  constructor(serve: Serve, place: Place, store: ((clock: Clock) => Store) | undefined) {
    this.#serve = serve
    this.place = place
    this.cache = createCache({ clock: this.clock, memory: { maxEntryBytes }, store: store?.(this.clock) })
  }

  /** An application with its cache at the place of this trial. */
  site(description: SiteDescription): Promise<Site> {
    return this.serve(partsAt(this.place, description), description, this.place === 'prefix' ? '/api' : '')
  }

  /** An application made of these parts. */
  async serve(
    parts: readonly Part[],
    { trustsProxy = false, cache = this.cache, tls, isUnlistened }: Partial<Omit<App, 'parts'>> = {},
    prefix = '',
  ): Promise<Site> {
    const server = await this.#serve({ cache, trustsProxy, parts, tls, isUnlistened })
    this.#servers.add(server)
    const site = new Site(server, prefix, tls === undefined ? undefined : clientTls)
    this.#sites.set(site, server)
    return site
  }

  /** Stops an application before the trial is over. */
  async stop(site: Site): Promise<void> {
    site.close()
    const server = this.#sites.get(site)
    if (server !== undefined && this.#servers.delete(server)) await server.close()
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
    for (const site of this.#sites.keys()) site.close()
    await Promise.all([...this.#servers].map((server) => server.close()))
    await this.cache.close()
  }
}
