// What another system sends when it has changed a country: in its own words, signed with a key that we share.
import { standardWebhooks } from '@restale/core/standard-webhooks'
import { tags } from './atlas.ts'
import { HttpError } from './errors.ts'

/** For `revalidateEndpoint`: whom to believe, and which tags a message expires. */
export const webhook = (secret: string) => ({ verify: standardWebhooks(secret), tags: tagsOf })

function tagsOf(payload: unknown): string[] {
  const { type, data } = (payload ?? {}) as { type?: unknown; data?: { code?: unknown; region?: unknown } }
  // it may send of other things too, which are no concern of ours, and no mistake of its
  if (type !== 'country.updated') return []
  const { code, region } = data ?? {}
  if (typeof code === 'string' && typeof region === 'string') {
    return [tags.country(code), tags.region(region), tags.world]
  }
  throw new HttpError(400, 'data: must have a code and a region')
}
