import type { IncomingRequest } from './request.ts'

type Named = Pick<IncomingRequest, 'authority' | 'rawHeaders'>

/** One host, on one line, made of what a host is made of (RFC 9110 §7.2). HTTP/2 may say the same one twice. */
export function hasPlainHost({ authority, rawHeaders }: Named): boolean {
  const said: string[] = []
  let lines = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    if (!isHostName(name)) continue
    said.push(rawHeaders[index + 1] as string)
    if (name !== ':authority') lines++
  }
  return lines <= 1 && said.every((host) => host === said[0]) && [authority, ...said].every(isPlain)
}

function isPlain(host: string): boolean {
  return /^[\w.:[\]-]+$/.test(host)
}

/** HTTP/2 says it in a field of its own. */
export function isHostName(lowerName: string): boolean {
  return lowerName === 'host' || lowerName === ':authority'
}
