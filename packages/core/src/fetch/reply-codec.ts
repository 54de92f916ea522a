import type { Codec } from '../cache/codec.ts'
import { isBooleans, isFields } from '../cache/shape.ts'
import { isHeaderLines } from '../http/stored-lines.ts'
import type { Reply } from './reply.ts'
import { replyBytes } from './reply.ts'

const types: ReadonlySet<unknown> = new Set(['basic', 'cors', 'default', 'error', 'opaque', 'opaqueredirect'])

/** Replies of `cache.fetch`. */
export const replyCodec: Codec<Reply> = {
  kind: 'fetch',
  encode: ({ body, ...head }) => ({
    head: { ...head, isEmpty: body === null },
    body: body ?? new Uint8Array(0),
  }),
  decode: ({ head, body }) => {
    if (!isFields(head)) return undefined
    const { status, statusText, headers, hasBody, url, redirected, type, isEmpty } = head
    // Only these statuses are stored, and `new Response` throws for some others.
    if (status !== 200 || typeof statusText !== 'string' || typeof url !== 'string') return undefined
    if (!isBooleans(hasBody, redirected, isEmpty) || !types.has(type) || !isHeaderLines(headers))
      return undefined
    const value: Reply = {
      status,
      statusText,
      headers,
      hasBody: hasBody as boolean,
      url,
      redirected: redirected as boolean,
      type: type as Reply['type'],
      body: isEmpty ? null : body,
    }
    return { value, bytes: replyBytes(value) }
  },
}
