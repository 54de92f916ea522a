// What the app knows about trains: a slow source, a cached read that is labelled, and the write that invalidates it.
import { setTimeout } from 'node:timers/promises'
import type { Cache } from '@restale/core'

interface Train {
  readonly to: string
  readonly at: string
  /** In minutes. */
  readonly delay: number
  /** Nobody's business: the schema of the route leaves it out. */
  readonly driver: string
}

export interface Departures {
  /** How often the source was asked. */
  readonly reads: number
  from(station: string): Promise<readonly Train[] | undefined>
  delay(station: string, minutes: number): Promise<void>
}

export function openDepartures({ cached, updateTag }: Cache): Departures {
  const source = new Map<string, Train[]>([
    ['oslo', [{ to: 'Bergen', at: '08:25', delay: 0, driver: 'Kari' }]],
    ['bergen', [{ to: 'Oslo', at: '07:57', delay: 0, driver: 'Ola' }]],
  ])
  let reads = 0
  const read = async (station: string): Promise<readonly Train[] | undefined> => {
    reads++
    await setTimeout(20)
    return source.get(station)
  }
  return {
    get reads() {
      return reads
    },
    from: cached(read, { key: 'departures', tags: ([station]) => [`station:${station}`], life: 'hours' }),
    async delay(station, minutes) {
      const trains = source.get(station) ?? []
      source.set(
        station,
        trains.map((train) => ({ ...train, delay: minutes })),
      )
      await updateTag(`station:${station}`)
    },
  }
}
