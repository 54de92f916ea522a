import type { FastifyReply } from 'fastify'

/** What a handler has promised to send behind a body that does not go out. Fastify has a word for single names only. */
export function dropTrailers(reply: FastifyReply): void {
  const key = trailersKey(reply)
  if (key !== undefined) (reply as unknown as Record<symbol, unknown>)[key] = null
}

/** That of the copy of Fastify which was asked first: looking for it takes long. */
let knownKey: symbol | undefined

/** Functions that are given the payload may come behind it; true where Fastify does not tell. */
export function mayHaveTrailers(reply: FastifyReply): boolean {
  knownKey ??= trailersKey(reply)
  return knownKey === undefined || (reply as unknown as Record<symbol, unknown>)[knownKey] !== null
}

function trailersKey(reply: FastifyReply): symbol | undefined {
  return Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.trailers',
  )
}
