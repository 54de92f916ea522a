import type { Capture } from './capture.ts'
import { isConditionalHeader } from './request.ts'

/** The client's conditions and ranges, which the handler sees until it is decided that the cache answers them. */
export class ClientConditions {
  readonly #hideThem: () => () => void
  #show: () => void = () => {}
  #isHeadOut = false

  /** @param hide takes them away from whoever looks at the request; gives what puts them back */
  constructor(capture: Capture, hide: () => () => void, onDecided: () => void = () => {}) {
    this.#hideThem = hide
    capture.onDecided = () => {
      onDecided()
      this.#hide()
    }
    if (capture.scope.isDecided) this.#hide()
  }

  /** Whoever looks at the request now is to see it as the client sent it. */
  restore(): void {
    this.#show()
    this.#show = () => {}
  }

  /** There is a head: nothing has to be hidden any more. */
  headOut(): void {
    this.#isHeadOut = true
    this.restore()
  }

  #hide(): void {
    this.restore()
    if (!this.#isHeadOut) this.#show = this.#hideThem()
  }
}

/** Takes the client's conditions out of headers by lower-case name. Gives what puts them back. */
export function hideConditions(headers: Record<string, unknown>): () => void {
  const hidden = Object.entries(headers).filter(([name]) => isConditionalHeader(name))
  for (const [name] of hidden) delete headers[name]
  return () => {
    Object.assign(headers, Object.fromEntries(hidden))
  }
}
