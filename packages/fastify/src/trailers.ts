import type { FastifyReply } from 'fastify'

/** What a handler has promised to send behind a body that does not go out. Fastify has a word for single names only. */
export function dropTrailers(reply: FastifyReply): void {
  const key = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.trailers',
  )
  if (key !== undefined) (reply as unknown as Record<symbol, unknown>)[key] = null
}
