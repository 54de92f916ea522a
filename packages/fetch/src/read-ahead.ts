import { joinBytes, ownBytes } from './bytes.ts'

/** A body as far as it can be read without waiting: whole, or its beginning and the rest. */
export type BodyAhead =
  | { readonly whole: Uint8Array<ArrayBuffer> }
  | {
      readonly whole?: undefined
      readonly chunks: readonly Uint8Array[]
      readonly reader: ReadableStreamDefaultReader<Uint8Array>
      /** What has been asked for and did not come at once. */
      readonly pending: ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> | undefined
    }

/** More than so much is not kept back for its end. */
const limit = 1024 * 1024

// As they are when this is loaded: a test that stops the clock later must not stop bodies.
const { setImmediate, setTimeout } = globalThis

/** Resolves when everything that is ready has had its turn. */
export function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve, undefined)
    else setTimeout(resolve, 0, undefined)
  })
}

/**
 * A body is always a stream, and does not tell what it is made of. One that was a string or bytes ends before
 * anything else has its turn, so that is how it is known; what takes longer flows on.
 */
export async function readAhead(body: ReadableStream<Uint8Array> | null): Promise<BodyAhead> {
  if (body === null) return { whole: new Uint8Array() }
  const reader = body.getReader()
  const turn = nextTurn()
  const chunks: Uint8Array[] = []
  let length = 0
  // What came in one piece is mostly all of it, however large.
  while (length <= limit || chunks.length < 2) {
    const pending = reader.read()
    // A failure is seen by whoever reads on.
    const result = await Promise.race([pending, turn]).catch(() => undefined)
    if (result === undefined) {
      pending.catch(() => {})
      return { chunks, reader, pending }
    }
    if (result.done) return { whole: joinBytes(chunks, length) }
    const chunk = ownBytes(result.value)
    chunks.push(chunk)
    length += chunk.byteLength
  }
  return { chunks, reader, pending: undefined }
}
