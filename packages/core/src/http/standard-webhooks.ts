import { timingSafeEqual } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { CacheError } from '../cache/errors.ts'
import type { WebhookRequest } from './endpoint.ts'

export interface StandardWebhooksOptions {
  /**
   * How many accepted messages are remembered to refuse their replay; beyond it the oldest goes.
   * @default 10_000
   */
  readonly maxRemembered?: number | undefined
}

const toleranceSeconds = 300
const shortestKey = 16

/**
 * A `verify` for the revalidate endpoint's `webhook` that checks signatures of
 * https://www.standardwebhooks.com: made with `secret` (`whsec_…`), at most five minutes old or early, and
 * not seen before. A sender that repeats a failed delivery keeps the message's id but signs a new
 * timestamp: that is no replay.
 */
export function standardWebhooks(
  secret: string | undefined,
  options: StandardWebhooksOptions = {},
): (request: WebhookRequest) => true {
  const webhook = webhookOf(secret)
  const isReplay = replayGuard(maxRememberedOf(options))

  return ({ headers, rawBody, now }) => {
    const id = headers['webhook-id']
    const timestamp = headers['webhook-timestamp']
    const signatures = headers['webhook-signature']
    if (!id || !timestamp || !signatures) throw rejected('it lacks a webhook-id, -timestamp or -signature')

    // The package judges timestamps by the system's clock, so we do it ourselves and leave it the signature.
    const seconds = /^\d{1,15}$/.test(timestamp) ? Number(timestamp) : Number.NaN
    if (!(Math.abs(Math.floor(now / 1000) - seconds) <= toleranceSeconds)) {
      throw rejected('its timestamp is more than five minutes off')
    }
    const expected = webhook.sign(id, new Date(seconds * 1000), textOf(rawBody))
    if (!signatures.split(' ').some((signature) => isSame(signature, expected))) {
      throw rejected('its signature is wrong')
    }

    // Its timestamp alone refuses it from the second after.
    if (isReplay(`${seconds}.${id}`, (seconds + toleranceSeconds + 1) * 1000, now)) {
      throw rejected('it has been received before')
    }
    return true
  }
}

function webhookOf(secret: string | undefined): Webhook {
  if (typeof secret !== 'string' || secret === '') {
    throw new CacheError('ERR_RESTALE_MISSING_SECRET', 'standardWebhooks needs a secret (`whsec_…`)')
  }
  const keyBytes = Math.floor((secret.replace(/^whsec_/, '').replace(/=+$/, '').length * 3) / 4)
  if (keyBytes < shortestKey) {
    throw new CacheError('ERR_RESTALE_WEAK_SECRET', `A webhook secret has at least ${shortestKey} bytes`)
  }
  try {
    return new Webhook(secret)
  } catch (cause) {
    throw new CacheError('ERR_RESTALE_INVALID_OPTION', 'A webhook secret is base64 after `whsec_`', { cause })
  }
}

function maxRememberedOf({ maxRemembered = 10_000 }: StandardWebhooksOptions): number {
  if (Number.isSafeInteger(maxRemembered) && maxRemembered > 0) return maxRemembered
  throw new CacheError('ERR_RESTALE_INVALID_OPTION', '`maxRemembered` must be a whole number, 1 or more')
}

/** Remembers messages until they would be too old anyway. Only rightly signed ones come here. */
function replayGuard(maxRemembered: number): (message: string, expiresAt: number, now: number) => boolean {
  const expiries = new Map<string, number>()

  function forgetExpired(now: number): void {
    for (const [message, expiresAt] of expiries) {
      if (expiresAt > now && expiries.size < maxRemembered) return
      expiries.delete(message)
    }
  }

  return (message, expiresAt, now) => {
    if ((expiries.get(message) ?? now) > now) return true
    expiries.delete(message)
    forgetExpired(now)
    expiries.set(message, expiresAt)
    return false
  }
}

/** The signed text. Bytes that are no UTF-8 would be signed as if they were others. */
function textOf(rawBody: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rawBody)
  } catch (cause) {
    throw rejected('its body is not UTF-8', cause)
  }
}

function isSame(signature: string, expected: string): boolean {
  const encoder = new TextEncoder()
  const [a, b] = [encoder.encode(signature), encoder.encode(expected)]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

function rejected(reason: string, cause?: unknown): CacheError {
  return new CacheError('ERR_RESTALE_WEBHOOK_REJECTED', `The webhook is rejected: ${reason}`, { cause })
}
