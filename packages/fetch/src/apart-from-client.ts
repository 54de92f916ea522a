/** As much of Node's own response as is asked of it. */
interface NodeResponse {
  readonly assignSocket?: unknown
}

/** What Hono's server for Node gives as environment, by itself or beside bindings. */
interface Environment {
  readonly incoming?: unknown
  readonly outgoing?: NodeResponse
  readonly server?: Environment
}

/**
 * An environment for a run behind a response that goes to a client, or has gone. Its `outgoing` is that response:
 * headers set on it throw, and what is written while the client still reads ends the process. Here it is one that
 * leads nowhere.
 */
export function apartFromClient<Env>(env: Env): Env {
  const { outgoing, server } = (env ?? {}) as Environment
  if (outgoing !== undefined) return { ...env, outgoing: standIn(env as Environment) }
  return server?.outgoing === undefined ? env : { ...env, server: apartFromClient(server) }
}

/** None for HTTP/2, where a response cannot be without its stream. */
function standIn({ incoming, outgoing }: Environment): unknown {
  if (typeof outgoing?.assignSocket !== 'function') return undefined
  return new (outgoing.constructor as new (incoming: unknown) => unknown)(incoming)
}
