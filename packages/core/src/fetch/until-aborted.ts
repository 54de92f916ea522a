import { currentFillScope } from '../cache/scope.ts'
import { onAbort } from './on-abort.ts'

/** Waits as long as a caller does: until the promise settles or the caller's signal aborts. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const outer = currentFillScope()
  let stop = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(signal.reason)
    stop = onAbort(signal, giveUp)
    if (signal.aborted) giveUp()
  })
  try {
    return await Promise.race([aborted, promise])
  } finally {
    stop()
    // What it depends on is not known, so nothing that is made of this failure may be kept.
    if (signal.aborted) outer?.refuseForNow('it gave up a fetch')
  }
}
