import { expectHit, expectStale } from './expect.ts'
import type { RawResponse } from './response-reader.ts'
import type { Site } from './site.ts'
import type { Trial } from './trial.ts'

/** Lets what is stored at a path become stale and be refilled, and gives what is stored then. */
export async function afterRefill(trial: Trial, site: Site, path: string): Promise<RawResponse> {
  trial.clock.advance(61_000)
  expectStale(await site.get(path))
  await trial.settled()
  const hit = await site.get(path)
  expectHit(hit)
  return hit
}
