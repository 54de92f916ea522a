import type { RequestListener } from 'node:http'
import type Application from 'koa'

interface Composed {
  readonly listener: RequestListener
  /** How many middleware there were then. */
  readonly length: number
}

const listeners = new WeakMap<Application, Composed>()

/** The whole application. Koa composes what there is when it is asked for, so what has come since makes a new one. */
export function listenerOf(app: Application): RequestListener {
  const { length } = app.middleware
  const known = listeners.get(app)
  if (known?.length === length) return known.listener
  const listener = app.callback() as RequestListener
  listeners.set(app, { listener, length })
  return listener
}
