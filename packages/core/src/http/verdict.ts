import type { Scope } from '../cache/scope.ts'
import { currentScope, inertScope } from '../cache/scope.ts'
import type { Capture } from './capture.ts'
import type { CacheHandle } from './handle.ts'
import { bypassHandle } from './handle.ts'
import type { HeaderLines } from './headers.ts'
import type { Refill } from './refill.ts'
import type { OutgoingResponse } from './stored-response.ts'

/** What an adapter does with a request. */
export type Verdict = PassVerdict | SendVerdict | CaptureVerdict

/** Run the handler in `scope`, and stay out of the way. */
interface PassVerdict {
  readonly do: 'pass'
  readonly scope: Scope
  readonly handle: CacheHandle<string>
  readonly cacheStatus?: string
  /** To be called once with the head of the response, before it goes out. Never throws. */
  readonly watch?: (status: number, lines: HeaderLines) => void
}

/** Send `response`, then run `refill` if there is one. */
export interface SendVerdict {
  readonly do: 'send'
  readonly response: OutgoingResponse
  readonly handle: CacheHandle<string>
  readonly refill?: Refill
}

/** Run the handler in `capture.scope`, with `target` as its URL, and show `capture` what it gives. */
interface CaptureVerdict {
  readonly do: 'capture'
  readonly capture: Capture
  readonly target: string
}

export function pass(cacheStatus: string, watch?: PassVerdict['watch']): PassVerdict {
  const verdict = { do: 'pass', scope: inertScope, handle: bypassHandle, cacheStatus } as const
  return watch === undefined ? verdict : { ...verdict, watch }
}

/** As if the mount were not there: whatever captures further out goes on. */
export function stayOut(): PassVerdict {
  return { do: 'pass', scope: currentScope() ?? inertScope, handle: bypassHandle }
}

/** While a request waited, its client may have left, or somebody else may have answered it. */
export function giveUp(verdict: Verdict): void {
  const error = new Error('The request was over before its turn came')
  if (verdict.do === 'capture') verdict.capture.abort(error)
  else if (verdict.do === 'send') verdict.refill?.fail(error)
}
