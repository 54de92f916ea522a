// Responses in a cache without a server: what an adapter says to a mount, said by hand.
import { Mount } from '@restale/core/http'

export const fourTags = ['a', 'b', 'c', 'd']

const rawHeaders = ['Host', 'localhost:3000']

/** @param {string} target @param {Record<string, string>} more further request fields, by lower-case name */
export function requestFor(target, more = {}) {
  return {
    method: 'GET',
    scheme: 'http',
    authority: 'localhost:3000',
    target,
    headers: { host: 'localhost:3000', ...more },
    rawHeaders: [...rawHeaders, ...Object.entries(more).flat()],
    native: {},
    isAuthenticated: false,
    isRoute: false,
  }
}

/** A mount and a way to fill it. */
export function site(cache, options = { life: 'hours', tags: fourTags }) {
  const mount = new Mount(cache, options)
  return {
    mount,
    fill(request, body, lines = []) {
      const { capture } = mount.decide({ ...request, native: {} })
      const type = ['Content-Type', 'application/json', 'Content-Length', String(body.byteLength)]
      capture.head({
        ...{ status: 200, lines: [...type, ...lines], baseline: [], body },
        ...{ isAuthenticated: false, route: undefined },
      })
      capture.headOut([])
    },
  }
}
