import type { App, CacheOptions, Group, Layer, Part, Route } from '../description.ts'

/** Where the cache stands: above all routes, above those of a group, or in each GET route by itself. */
export const places = ['root', 'prefix', 'route'] as const
export type Place = (typeof places)[number]

/** Those that see requests of every method. */
export const mounts: readonly Place[] = ['root', 'prefix']

export interface SiteDescription extends Partial<Omit<App, 'parts'>> {
  /** Of the mount, or of each GET route. @default a life of 60 seconds, and stale for 240 more */
  readonly options?: CacheOptions
  /** What stands outside of the cache. */
  readonly above?: readonly (Layer | Layer['run'])[]
  readonly routes: readonly Route[]
  /** Parts at the root, below no cache. */
  readonly beside?: readonly Part[]
}

export const life = { revalidate: 60, expire: 300 }

export function partsAt(place: Place, description: SiteDescription): Part[] {
  const { options = { life }, above = [], routes, beside = [] } = description
  const outside: Part[] = [
    ...beside,
    ...above.map((each) => (typeof each === 'function' ? layer(each) : each)),
  ]
  switch (place) {
    case 'root':
      return [...outside, mounted(options), ...routes]
    case 'prefix':
      return [...outside, group('/api', [mounted(options), ...routes])]
    case 'route':
      return [
        ...outside,
        ...routes.map((route) => (route.method === 'GET' ? { ...route, cache: options } : route)),
      ]
  }
}

export function layer(run: Layer['run']): Layer {
  return { kind: 'layer', run }
}

export function mounted(options: CacheOptions): Part {
  return { kind: 'cache', options }
}

export function group(prefix: string, parts: readonly Part[]): Group {
  return { kind: 'group', prefix, parts }
}

export function get(path: string, handle: Route['handle'], rest: Partial<Route> = {}): Route {
  return { kind: 'route', method: 'GET', path, handle, ...rest }
}

export function post(path: string, handle: Route['handle']): Route {
  return route('POST', path, handle)
}

export function route(method: string, path: string, handle: Route['handle']): Route {
  return { kind: 'route', method, path, handle }
}
