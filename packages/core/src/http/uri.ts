import type { IncomingRequest } from './request.ts'

type Addressed = Pick<IncomingRequest, 'scheme' | 'authority' | 'target'>

const defaultPorts: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** What all responses of one URL have in common, whatever else is in their keys. `isByHost`: hosts are told apart. */
export function uriLabel({ scheme, authority, target }: Addressed, isByHost: boolean): string {
  return isByHost ? [originOf(scheme, authority), target].join('') : target
}

/** What the responses of one origin have in common that are of one group (RFC 9875 §2.1). */
export function groupLabel({ scheme, authority }: Addressed, group: string, isByHost: boolean): string {
  return `group:${isByHost ? originOf(scheme, authority) : ''} ${group}`
}

/** The URL that a response's `Location` or `Content-Location` means, if it is of the same origin. */
export function sameOriginTarget(request: Addressed, location: string): string | undefined {
  const base = originOf(request.scheme, request.authority)
  try {
    const { origin, pathname, search } = new URL(location, `${base}${request.target}`)
    return origin === new URL(base).origin ? `${pathname}${search}` : undefined
  } catch {
    return undefined
  }
}

function originOf(scheme: string, authority: string): string {
  const host = authority.toLowerCase()
  const port = defaultPorts[scheme] ?? ''
  return `${scheme}://${port !== '' && host.endsWith(port) ? host.slice(0, -port.length) : host}`
}
