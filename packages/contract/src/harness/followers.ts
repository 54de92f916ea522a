import type { CacheOptions, Layer } from '../description.ts'
import type { Barrier } from './barrier.ts'
import type { Connection } from './connection.ts'
import type { Origin } from './origin.ts'
import { get, life } from './place.ts'
import type { Site } from './site.ts'
import type { Trial } from './trial.ts'
import { quiet, until } from './waiting.ts'

/** What all requests pass on their way in. */
export function counter(): { readonly count: number; readonly layer: Layer['run'] } {
  let count = 0
  return {
    get count() {
      return count
    },
    layer() {
      count++
      return undefined
    },
  }
}

/** A leader whose handler has been reached, and a follower that has come in behind it. */
export async function pair(
  trial: Trial,
  page: Origin,
  barrier: Barrier,
  options: CacheOptions = { life },
): Promise<{ site: Site; leader: Connection; follower: Connection }> {
  const door = counter()
  const site = await trial.site({ options, above: [door.layer], routes: [get('/page', page.handle)] })
  const leader = await site.send({ path: '/page' })
  await barrier.reached
  const follower = await site.send({ path: '/page' })
  await until('the follower has come', () => door.count === 2)
  await quiet()
  return { site, leader, follower }
}
