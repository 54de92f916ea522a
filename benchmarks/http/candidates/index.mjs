import { expressCandidates } from './express.mjs'
import { fastifyCandidates } from './fastify.mjs'
import { hapiCandidates } from './hapi.mjs'
import { honoCandidates } from './hono.mjs'
import { koaCandidates } from './koa.mjs'
import { bare, node } from './node.mjs'
import { stores } from './stores.mjs'

/**
 * What is compared with each other. `kind`: `floor` (nothing but the framework's own way to send these bytes), `limit`
 * (a constant written where our adapter stands), `uncached` (the handler that the caches are put around), `peer`,
 * `ours`. `asks`: `304` or `new` (another URL each time), where it is not for the same response again.
 */
export const groups = {
  node,
  stores,
  Express: expressCandidates,
  Koa: koaCandidates,
  Fastify: fastifyCandidates,
  hapi: hapiCandidates,
  Hono: honoCandidates,
}

export const candidateOf = (group, name) =>
  name === bare.name ? bare : groups[group].find((candidate) => candidate.name === name)
