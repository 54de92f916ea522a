import type { StandingHeaders } from '@restale/core/http'
import { linesOf } from '@restale/core/http'
import type { FastifyReply } from 'fastify'

/** As the headers of a reply stand before it is sent. */
export function standingHeaders(reply: FastifyReply): StandingHeaders {
  return {
    get: (name) => reply.getHeader(name)?.toString() ?? null,
    set: (name, value) => reply.removeHeader(name).header(name, value),
    append: (name, value) => {
      const standing = linesOf({ [name]: reply.getHeader(name) }).filter((_, index) => index % 2 === 1)
      reply.removeHeader(name).header(name, [...standing, value])
    },
    delete: (name) => reply.removeHeader(name),
  }
}
