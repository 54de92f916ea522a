import type { Lifecycle, Request, ResponseToolkit } from '@hapi/hapi'
import type { Cache } from '@restale/core'
import type { Scope } from '@restale/core/http'
import { enterScopeLater } from '@restale/core/http'

/** What is done with the response to a request. */
interface Recording {
  /** It is there, and nobody has been at it since. Gives what is to be sent: mostly the same. */
  respond(h: ResponseToolkit): Lifecycle.ReturnValue
  /** The request is over, however that came about. */
  finish(): void
}

/** What is known of a request on its way through hapi. */
export interface Journey {
  /** Puts all that is to run from now on into the scope. */
  readonly setScope: (scope: Scope) => void
  /** In the ledger of each cache, when the request came. */
  readonly positions: ReadonlyMap<Cache, number>
  recording: Recording | undefined
}

// On the request itself: a map of all requests costs more than the rest of a hit.
const key = Symbol('restale')
type Travelling = Request & { [key]?: Journey }

/** To be called before anything runs of a request. */
export function beginJourney(request: Request, positions: ReadonlyMap<Cache, number>): void {
  const travelling: Travelling = request
  travelling[key] = { setScope: enterScopeLater(), positions, recording: undefined }
}

export function journeyOf(request: Request): Journey {
  return (request as Travelling)[key] as Journey
}
