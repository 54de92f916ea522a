import { joinChunks } from '../http/body.ts'
import { onAbort } from './on-abort.ts'

/** Of a stream that nobody can read any more, the source is let go, as `fetch` does with its own. */
const forgotten = new FinalizationRegistry<ReadableStreamDefaultReader<Uint8Array>>(cancel)

/** How the reading of a body ended. */
export type TapEnd =
  | { readonly how: 'whole'; readonly body: Uint8Array }
  | { readonly how: 'too-large' }
  | { readonly how: 'broken'; readonly error: unknown }

/**
 * Lets a caller read a body while it is collected. Up to `maxBytes` it is read as fast as it comes, so that a slow
 * caller does not hold up those who wait for the whole; beyond that nothing is kept, and the caller sets the pace.
 * A caller that stops reading, or whose signal aborts, does not stop the collecting.
 */
export class Tap {
  /** For the caller. */
  readonly body: ReadableStream<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #maxBytes: number
  readonly #signal: AbortSignal | undefined
  readonly #onEnd: (end: TapEnd) => void
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #isCollecting: boolean
  #caller: ReadableByteStreamController | undefined
  #stopListening = () => {}

  /**
   * `maxBytes`: with 0 nothing is collected, and `onEnd` not called. Otherwise it is called once, before the
   * caller learns of the end.
   */
  constructor(
    source: ReadableStream<Uint8Array>,
    options: { maxBytes: number; signal: AbortSignal | undefined; onEnd: (end: TapEnd) => void },
  ) {
    this.#reader = source.getReader()
    this.#maxBytes = options.maxBytes
    this.#isCollecting = options.maxBytes > 0
    this.#signal = options.signal
    this.#onEnd = options.onEnd
    this.body = new ReadableStream({
      // As the body that `fetch` gives.
      type: 'bytes',
      start: (controller) => {
        this.#caller = controller as ReadableByteStreamController
      },
      pull: () => (this.#isCollecting ? undefined : this.#step()),
      cancel: () => this.#leave(),
    })
    forgotten.register(this.body, this.#reader)
    if (this.#signal !== undefined) this.#stopListening = onAbort(this.#signal, this.#onAbort)
    if (this.#signal?.aborted) this.#onAbort()
    this.#collect()
  }

  async #collect(): Promise<void> {
    while (this.#isCollecting) await this.#step()
  }

  /** Reads one chunk. Never rejects: what fails is the caller's stream. */
  async #step(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read()
      if (done) this.#finish()
      // A byte stream takes no empty chunk, and waits for another.
      else if (value.byteLength === 0) await this.#step()
      else this.#take(value)
    } catch (error) {
      this.#end({ how: 'broken', error })
      this.#caller?.error(error)
      this.#leave()
    }
  }

  #take(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) this.#end({ how: 'too-large' })
    // Copies: the buffer of what is enqueued is taken away, and upstream may use that of its own again.
    if (this.#isCollecting) this.#chunks.push(new Uint8Array(chunk))
    if (this.#caller !== undefined) this.#caller.enqueue(new Uint8Array(chunk))
    else if (!this.#isCollecting) cancel(this.#reader)
  }

  #finish(): void {
    if (this.#isCollecting) this.#end({ how: 'whole', body: joinChunks(this.#chunks, this.#bytes) })
    this.#caller?.close()
    // Somebody may be waiting with a buffer of its own.
    this.#caller?.byobRequest?.respond(0)
    this.#leave()
  }

  #end(end: TapEnd): void {
    if (!this.#isCollecting) return
    this.#isCollecting = false
    this.#chunks.length = 0
    this.#onEnd(end)
  }

  readonly #onAbort = (): void => {
    this.#caller?.error(this.#signal?.reason)
    this.#leave()
  }

  /** The caller reads no further. */
  #leave(): void {
    this.#caller = undefined
    this.#stopListening()
    if (!this.#isCollecting) cancel(this.#reader)
  }
}

/** Nobody is left to read the rest. */
function cancel(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => {})
}
