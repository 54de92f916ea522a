/** One body of many parts, in memory of its own. */
export function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const body = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.byteLength
  }
  return body
}

/** A copy that keeps nothing else alive: small buffers share a pool, and one slice of it keeps all of it. */
export function exactCopy(body: Uint8Array): Uint8Array {
  return joinChunks([body], body.byteLength)
}

/** A body as it comes, chunk by chunk. */
export class RecordedBody {
  #chunks: Uint8Array[] = []
  byteLength = 0

  /** A copy: the caller may use the memory of the chunk again. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(exactCopy(chunk))
    this.byteLength += chunk.byteLength
  }

  whole(): Uint8Array {
    const [first, ...more] = this.#chunks
    return first !== undefined && more.length === 0 ? first : joinChunks(this.#chunks, this.byteLength)
  }

  forget(): void {
    this.#chunks = []
    this.byteLength = 0
  }
}
