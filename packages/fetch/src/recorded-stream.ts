import type { Capture } from '@restale/core/http'
import { runInScope } from '@restale/core/http'
import { ownBytes } from './bytes.ts'
import type { BodyAhead } from './read-ahead.ts'

type Begun = Extract<BodyAhead, { readonly whole?: undefined }>

/** The body as it flows on, shown to the capture for as long as that wants it. */
export function recordedStream(
  { chunks, reader, pending }: Begun,
  capture: Capture,
): ReadableStream<Uint8Array> {
  let next = pending
  let isOver = false

  function pass(controller: ReadableStreamDefaultController<Uint8Array>, chunk: Uint8Array): void {
    capture.write(chunk)
    controller.enqueue(chunk)
  }

  async function step(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { done, value } = await (next ?? reader.read())
    next = undefined
    // The client has left while this was waited for.
    if (isOver) return
    if (done) {
      isOver = true
      capture.end()
      controller.close()
    } else pass(controller, capture.isRecording ? ownBytes(value) : value)
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        for (const chunk of chunks) pass(controller, chunk)
      },
      async pull(controller) {
        try {
          await runInScope(capture.scope, () => step(controller))
        } catch (error) {
          isOver = true
          capture.fail(error)
          throw error
        }
      },
      cancel(reason) {
        if (!isOver) capture.abort(reason)
        isOver = true
        return reader.cancel(reason)
      },
    },
    // A slow first client must not hold up the others, so up to the cap nothing counts as unread.
    { highWaterMark: 1, size: () => (capture.isRecording ? 0 : 1) },
  )
}
