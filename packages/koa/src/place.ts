import { pathOf } from '@restale/core/http'
import type { Context } from 'koa'

/** As far as needed of a layer of @koa/router. */
interface Layer {
  readonly path: unknown
  readonly methods: readonly string[]
  readonly stack: readonly unknown[]
  match(path: string): boolean
}

/** @koa/router tells which of its layers match the path; those of routes have methods, those of `router.use` none. */
function routeLayers({ matched }: Context): readonly Layer[] {
  return ((matched ?? []) as readonly Layer[]).filter(({ methods }) => methods.length > 0)
}

export function isInRoute(ctx: Context, middleware: unknown): boolean {
  return routeLayers(ctx).some(({ stack }) => stack.includes(middleware))
}

/** The pattern of the route that has answered, with the mounts that led to it: @koa/router knows of none. */
export function routeOf(ctx: Context): string | undefined {
  const { _matchedRoute: route, mountPath } = ctx
  if (typeof route !== 'string') return undefined
  const layer = routeLayers(ctx).find(({ path }) => path === route)
  const isMounted = layer !== undefined && typeof mountPath === 'string' && mountPath !== '/'
  return isMounted ? mountedPrefix(sentPath(ctx), mountPath.replace(/\/$/, ''), layer) + route : route
}

/** By now the path may be whole again, so it is looked for what the route has matched. */
function mountedPrefix(sent: string, mountPath: string, layer: Layer): string {
  for (let at = sent.indexOf(mountPath); at >= 0; at = sent.indexOf(mountPath, at + 1)) {
    const end = at + mountPath.length
    if (layer.match(sent.slice(end) || '/')) return sent.slice(0, end)
  }
  return ''
}

/** What koa-mount has cut off the path, while it runs what is mounted. */
export function mountPrefix(ctx: Context): string | undefined {
  const { path, mountPath } = ctx
  const sent = sentPath(ctx)
  if (mountPath === undefined || path === sent) return undefined
  if (path === '/') return sent.replace(/\/$/, '')
  return sent.endsWith(path) ? sent.slice(0, -path.length) : undefined
}

function sentPath({ originalUrl }: Context): string {
  return pathOf(originalUrl)
}
