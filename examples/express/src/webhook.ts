// What other systems send when they have changed a country, or a currency: in their own words, signed with a key that
// they share with us.
import { standardWebhooks } from '@restale/core/standard-webhooks'
import { tags } from './atlas.ts'
import { HttpError } from './errors.ts'

/** For `revalidateEndpoint`: whom to believe, and which tags a message expires. */
export const webhook = (secret: string) => ({ verify: standardWebhooks(secret), tags: tagsOf })

function tagsOf(payload: unknown): string[] {
  const { type, data } = (payload ?? {}) as { type?: unknown; data?: { code?: unknown; region?: unknown } }
  const { code, region } = data ?? {}
  if (type === 'country.updated') {
    const country = readText('code', code)
    return [tags.country(country), tags.region(readText('region', region)), tags.world]
  }
  if (type === 'currency.updated') return [tags.currency(readText('code', code))]
  // they may send of other things too, which are no concern of ours, and no mistake of theirs
  return []
}

function readText(field: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new HttpError(400, `data: must have a ${field}`)
}
