import type { IncomingRequest } from './request.ts'

type Named = Pick<IncomingRequest, 'authority' | 'rawHeaders'>

/**
 * What the request itself says of its host, where that is something else than `authority`: behind a trusted proxy,
 * or with more in the line than the framework takes of it. A handler sees both, so both are in the key.
 */
export function otherHost({ authority, rawHeaders }: Named): string | undefined {
  let other: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!saysHost(rawHeaders[index] as string)) continue
    const said = rawHeaders[index + 1] as string
    if (said !== authority && said !== other) other = other === undefined ? said : `${other},${said}`
  }
  return other
}

/** One host, on one line, made of what a host is made of (RFC 9110 §7.2). HTTP/2 may say the same one twice. */
export function hasPlainHost({ authority, rawHeaders }: Named): boolean {
  const said: string[] = []
  let lines = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (!saysHost(name)) continue
    said.push(rawHeaders[index + 1] as string)
    if (name !== ':authority') lines++
  }
  return lines <= 1 && said.every((host) => host === said[0]) && [authority, ...said].every(isPlain)
}

function isPlain(host: string): boolean {
  return /^[\w.:[\]-]+$/.test(host)
}

function saysHost(name: string): boolean {
  return (name.length === 4 && name.toLowerCase() === 'host') || name === ':authority'
}
