import type { Capture } from './capture.ts'
import type { HeaderLines } from './headers.ts'
import { isConditionalHeader } from './request.ts'

/** Puts lines in the place of the client's conditions. Gives what puts those back. */
type Replace = (conditions: HeaderLines) => () => void

/**
 * The client's conditions and ranges, which the handler sees until it is decided that the cache answers them; then it
 * sees those by which the cache asks.
 */
export class ClientConditions {
  readonly #capture: Capture
  readonly #replace: Replace
  #show: () => void = () => {}
  #isHeadOut = false

  constructor(capture: Capture, replace: Replace, onDecided: () => void = () => {}) {
    this.#capture = capture
    this.#replace = replace
    capture.onDecided = () => {
      onDecided()
      this.#hide()
    }
    if (capture.scope.isDecided) this.#hide()
  }

  /** Whoever looks at the request now is to see it as the client sent it. */
  restore(): void {
    this.#capture.stopValidating()
    this.#giveBack()
  }

  /** There is a head: nothing has to be hidden any more. */
  headOut(): void {
    this.#isHeadOut = true
    this.#giveBack()
  }

  #giveBack(): void {
    this.#show()
    this.#show = () => {}
  }

  #hide(): void {
    this.#giveBack()
    if (!this.#isHeadOut) this.#show = this.#replace(this.#capture.conditions)
  }
}

/** Puts lines in the place of the conditions among headers by lower-case name. Gives what puts those back. */
export function replaceConditions(headers: Record<string, unknown>, conditions: HeaderLines): () => void {
  const hidden = Object.entries(headers).filter(([name]) => isConditionalHeader(name))
  const hide = () => {
    for (const name of Object.keys(headers)) if (isConditionalHeader(name)) delete headers[name]
  }
  hide()
  for (let at = 0; at < conditions.length; at += 2) headers[conditions[at] as string] = conditions[at + 1]
  return () => {
    hide()
    Object.assign(headers, Object.fromEntries(hidden))
  }
}
