import type { Request } from '@hapi/hapi'

/**
 * hapi would cut from what goes out by rules of its own, where the cache has had its say. It is shown again once the
 * response is out.
 */
export function hideRange({ headers, raw }: Request): void {
  const { range } = headers
  if (range === undefined) return
  delete headers.range
  raw.res.once('close', () => {
    headers.range = range
  })
}
