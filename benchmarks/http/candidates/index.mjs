import { bare } from './bare.mjs'

const modules = {
  node: () => import('./node.mjs'),
  stores: () => import('./stores.mjs'),
  Express: () => import('./express.mjs'),
  Koa: () => import('./koa.mjs'),
  Fastify: () => import('./fastify.mjs'),
  hapi: () => import('./hapi.mjs'),
  Hono: () => import('./hono.mjs'),
}

/** Candidates are compared with others of their group. */
export const groups = Object.keys(modules)

/**
 * What is compared with each other. `kind`: `floor` (nothing but the framework's own way to send these bytes), `limit`
 * (a constant written where our adapter stands), `uncached` (the handler that the caches are put around), `peer`,
 * `ours`. `asks`: `304` or `new` (another URL each time), where it is not for the same response again.
 *
 * A candidate loads what it needs when it starts: what is loaded for one must not slow down another.
 */
export async function candidatesOf(group) {
  const { candidates } = await modules[group]()
  return candidates
}

export async function candidateOf(group, name) {
  if (name === bare.name) return bare
  return (await candidatesOf(group)).find((candidate) => candidate.name === name)
}
