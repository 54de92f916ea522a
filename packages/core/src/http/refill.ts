import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import { runOutside } from '../cache/scope.ts'
import type { HeaderLines } from './headers.ts'
import type { IncomingRequest } from './request.ts'
import { refillHeaders } from './request.ts'
import type { StoredResponse } from './stored-response.ts'

/** A fill behind a stale response: the same request run again, through the whole application, with nobody waiting. */
export class Refill {
  readonly method = 'GET'
  readonly scheme: string
  readonly authority: string
  /** As the client sent it. */
  readonly target: string
  /** Less conditions, ranges and what belongs to the connection. */
  readonly headers: HeaderLines
  /** The mount that it is for; those further out let it through. */
  readonly mount: object
  readonly fill: Fill<StoredResponse>
  readonly previous: Entry<StoredResponse>
  readonly urlKey: string
  /** It has come to its mount. */
  isReached = false
  readonly #engine: Engine
  readonly #release: () => void

  constructor(fields: {
    engine: Engine
    mount: object
    request: IncomingRequest
    fill: Fill<StoredResponse>
    previous: Entry<StoredResponse>
    urlKey: string
  }) {
    const { engine, mount, request, fill, previous, urlKey } = fields
    this.#engine = engine
    this.mount = mount
    this.fill = fill
    this.previous = previous
    this.urlKey = urlKey
    this.scheme = request.scheme
    this.authority = request.authority
    this.target = request.target
    this.headers = refillHeaders(request.rawHeaders)
    this.#release = this.#hold()
  }

  /**
   * Calls `dispatch`, which runs the request again and resolves when its response has ended. Whatever becomes
   * of it, the slot is given back; if it never came as far as the cache, that is a failure.
   */
  run(dispatch: (refill: Refill) => Promise<unknown>): void {
    const work = runOutside(async () => dispatch(this)).then(
      () => this.fail(new Error('The refill ended before it reached the cache')),
      (error) => this.fail(error),
    )
    this.#engine.background.track(work)
  }

  /** The capture is over, one way or the other. */
  finish(): void {
    this.#release()
  }

  /** It is over. No effect on a fill that has landed. */
  fail(error: unknown): void {
    this.#land(error)
    this.#engine.fills.leave(this.fill)
  }

  /** It may still finish, and must not come behind what others bring meanwhile. */
  #giveUp(): void {
    this.#land(new Error('The refill took too long'))
    this.#engine.fills.giveUp(this.fill)
  }

  #land(error: unknown): void {
    if (!this.fill.hasLanded) {
      this.#engine.retryLater(this.previous, error)
      this.fill.land({ how: 'failed', error })
    }
    this.#release()
  }

  #hold(): () => void {
    const release = this.#engine.background.occupy()
    const stopTimer = this.#engine.startFillTimer(() => this.#giveUp())
    return () => {
      stopTimer()
      release()
    }
  }
}
