import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import { HttpError } from './errors.ts'

export interface Secrets {
  /** For the endpoint and the admin route, as `Authorization: Bearer <it>`. */
  readonly bearer: string
  /** The key that senders of webhooks sign with: `whsec_` and base64. */
  readonly webhook: string
}

/** What is not given is made up, so that nothing that everybody could know is ever in force. */
export const readSecrets = (env: NodeJS.ProcessEnv): Secrets => ({
  bearer: env.REVALIDATE_SECRET || randomBytes(24).toString('base64url'),
  webhook: env.WEBHOOK_SECRET || `whsec_${randomBytes(24).toString('base64')}`,
})

export const requireBearer =
  (secret: string): RequestHandler =>
  (req, res, next) => {
    if (isSame(req.get('authorization') ?? '', `Bearer ${secret}`)) return next()
    res.set('WWW-Authenticate', 'Bearer')
    throw new HttpError(401, 'This needs the secret, as a bearer token')
  }

/** In a time that tells nothing: hashes are of one length, and compared to their end. */
const isSame = (given: string, wanted: string) => timingSafeEqual(sha256(given), sha256(wanted))

const sha256 = (text: string) => createHash('sha256').update(text).digest()
