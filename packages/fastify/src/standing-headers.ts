import type { StandingHeaders } from '@restale/core/http'
import { linesOf } from '@restale/core/http'
import type { FastifyReply } from 'fastify'

/** As the headers of a reply stand before it is sent. */
export function standingHeaders(reply: FastifyReply): StandingHeaders {
  return new ReplyHeaders(reply)
}

class ReplyHeaders implements StandingHeaders {
  readonly #reply: FastifyReply

  constructor(reply: FastifyReply) {
    this.#reply = reply
  }

  get(name: string): string | null {
    return this.#reply.getHeader(name)?.toString() ?? null
  }

  set(name: string, value: string): void {
    // Fastify adds a cookie to those that stand there, and replaces anything else.
    if (isCookieField(name)) this.#reply.removeHeader(name)
    this.#reply.header(name, value)
  }

  append(name: string, value: string): void {
    const standing = linesOf({ [name]: this.#reply.getHeader(name) }).filter((_, index) => index % 2 === 1)
    this.#reply.removeHeader(name).header(name, [...standing, value])
  }

  delete(name: string): void {
    this.#reply.removeHeader(name)
  }
}

function isCookieField(name: string): boolean {
  return name.length === 10 && name.toLowerCase() === 'set-cookie'
}
