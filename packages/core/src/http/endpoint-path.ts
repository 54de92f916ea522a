/** Where the endpoint listens if nothing says so. */
export const defaultEndpointPath = '/api/revalidate'

/** What of `path` lies below `base`; undefined if it is somewhere else. */
export function pathBelow(path: string, base: string): string | undefined {
  const plain = base.replace(/\/+$/, '')
  return path === plain || path.startsWith(`${plain}/`) ? path.slice(plain.length) : undefined
}

/** What the endpoint answers below its mount; mounted among others, it must not take what is meant for them. */
export const endpointPaths: readonly string[] = ['', '/', '/webhook', '/webhook/']
