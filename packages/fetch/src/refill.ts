import type { Refill } from '@restale/core/http'
import type { Exchange } from './exchange.ts'
import { headersOf } from './header-lines.ts'
import type { Dispatch } from './journey.ts'
import { goOn, Journey } from './journey.ts'
import { nodeMessageOf } from './node-message.ts'
import { nextTurn } from './read-ahead.ts'
import { requestAgain } from './request-at.ts'

/** Runs the request of `exchange` again, as `refill` has it. Resolves when its response has ended. */
export function runAgain(refill: Refill, exchange: Exchange): Promise<void> {
  const { journey, request, company } = exchange
  // Node remembers the address of a connection that has closed only if somebody has asked while it was open.
  void nodeMessageOf(company)?.socket?.remoteAddress
  const work = dispatchAgain(refill, journey)
  waitUntilOf([request, ...exchange.keepers()])?.(work.catch(() => {}))
  return work
}

async function dispatchAgain(refill: Refill, { request, dispatch }: Journey): Promise<void> {
  const again = requestAgain(request, refill.method, headersOf(refill.headers))
  const journey = new Journey(again, refill)
  // The stale response first, then the work behind it.
  await nextTurn()
  try {
    const response = await goOn(journey, () => (dispatch as Dispatch)(again))
    // Nobody else reads it; what is not stored need not come.
    if (journey.recording?.capture.isRecording) await response?.body?.pipeTo(new WritableStream())
    else await response?.body?.cancel()
  } catch (error) {
    // There is no server behind it that would tell.
    console.error(error)
    throw error
  } finally {
    journey.end()
  }
}

/** What keeps a serverless runtime from stopping while there is work. */
type WaitUntil = (work: Promise<unknown>) => void

/** As the runtime gives it: on an `ExecutionContext`, or on the request. */
function waitUntilOf(company: readonly unknown[]): WaitUntil | undefined {
  for (const each of company) {
    const { waitUntil } = (each ?? {}) as { waitUntil?: unknown }
    if (typeof waitUntil === 'function') return (work) => Reflect.apply(waitUntil, each, [work])
  }
  return undefined
}
