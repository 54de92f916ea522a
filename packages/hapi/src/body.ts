import type { Request, ResponseObject } from '@hapi/hapi'
import { encodingOf, hasOwnStatus, isMadeLate } from './internals.ts'

/** The bytes that hapi will send, where they are known before it does; undefined for what flows or is made later. */
export function wholeBody(request: Request, response: ResponseObject): Uint8Array | undefined {
  const { source, variety } = response
  if (isMadeLate(response)) return undefined
  if (variety === 'buffer') return source as Buffer
  if (variety !== 'plain') return undefined
  if (source === null) return Buffer.alloc(0)
  if (typeof source === 'string') return Buffer.from(source, encodingOf(response))
  const json = jsonOf(request, response)
  return json === undefined ? undefined : Buffer.from(json, encodingOf(response))
}

/** As hapi: an empty 200 becomes a 204, unless somebody has said otherwise. */
export function statusOf({ route }: Request, response: ResponseObject, body: Uint8Array): number {
  const { statusCode } = response
  const isEmptied = body.byteLength === 0 && statusCode === 200 && !hasOwnStatus(response)
  return isEmptied && route.settings.response?.emptyStatusCode !== 200 ? 204 : statusCode
}

/** Undefined where hapi goes over the text once more, which is then recorded as it flows. */
function jsonOf({ route }: Request, { source, settings }: ResponseObject): string | undefined {
  const own = settings.stringify ?? {}
  const { json = {} } = route.settings
  if (json.escape || own.escape) return undefined
  const replacer = (own.replacer ?? json.replacer) as (string | number)[] | undefined
  const text = JSON.stringify(source, replacer, own.space ?? json.space) ?? ''
  return text + (own.suffix ?? json.suffix ?? '')
}
