import { createHmac, randomUUID } from 'node:crypto'
import type { RequestOptions } from './request.ts'

/** A webhook as its sender makes it, signed as the Standard Webhooks specification says. */
export function signedWebhook(secret: string, payload: unknown, sentAt: number): RequestOptions {
  const id = `msg_${randomUUID()}`
  const timestamp = String(Math.floor(sentAt / 1000))
  const body = JSON.stringify(payload)
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  }
}
