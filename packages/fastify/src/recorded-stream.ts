import type { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { Readable, TransformCallback } from 'node:stream'
import { pipeline, Transform } from 'node:stream'
import type { Capture } from '@restale/core/http'

/** The same bytes as its source, shown to a capture from the moment on at which the head goes out. */
export class RecordedStream extends Transform {
  readonly #capture: Capture
  /** What has flowed before. */
  #early: Uint8Array[] = []
  #earlyBytes = 0
  #isBegun = false
  #isComplete = false

  constructor(source: Readable, response: ServerResponse, capture: Capture) {
    super()
    this.#capture = capture
    pipeline(source, this, (error) => {
      // Recorded to the end, refused, or answered by an error handler.
      if (!error || !capture.isRecording) return
      const isLeft = error.code === 'ERR_STREAM_PREMATURE_CLOSE' && response.destroyed
      if (isLeft) capture.abort(error)
      else capture.fail(error)
    })
  }

  /** The head has gone out. */
  begin(): void {
    this.#isBegun = true
    for (const chunk of this.#early) this.#capture.write(chunk)
    this.#early = []
    if (this.#isComplete) this.#capture.end()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#isBegun) this.#capture.write(chunk)
    else this.#keep(chunk)
    callback(null, chunk)
  }

  override _flush(callback: TransformCallback): void {
    this.#isComplete = true
    if (this.#isBegun) this.#capture.end()
    callback()
  }

  /** No more than it takes for the capture to see that it is too much. */
  #keep(chunk: Uint8Array): void {
    if (this.#earlyBytes > this.#capture.maxBytes) return
    this.#earlyBytes += chunk.byteLength
    this.#early.push(Uint8Array.prototype.slice.call(chunk))
  }
}
