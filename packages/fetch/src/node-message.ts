/** As much of Node's own request as is asked of it. */
interface NodeMessage {
  readonly url?: unknown
  readonly socket?: { readonly remoteAddress?: unknown }
}

/** What Hono's server for Node gives as environment, by itself or beside bindings. */
interface Environment {
  readonly incoming?: NodeMessage
  readonly server?: { readonly incoming?: NodeMessage }
}

/** Node's own request behind one of the standard, if it stands in its company. */
export function nodeMessageOf(company: readonly unknown[]): NodeMessage | undefined {
  for (const each of company) {
    const { incoming, server } = (each ?? {}) as Environment
    const message = incoming ?? server?.incoming
    if (message !== undefined) return message
  }
  return undefined
}
