/** What a response takes. */
export type Chunk = string | Uint8Array

export function isChunk(chunk: unknown): chunk is Chunk {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}

export function bytesOf(chunk: Chunk, encoding: unknown): Uint8Array {
  if (typeof chunk !== 'string') return chunk
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}

/** `end([chunk[, encoding]][, callback])` */
export function endArguments(args: readonly unknown[]): {
  chunk?: Chunk
  encoding?: unknown
  callback?: () => void
} {
  const callback = args.find((argument) => typeof argument === 'function') as (() => void) | undefined
  const [chunk, encoding] = args.filter((argument) => typeof argument !== 'function')
  return {
    encoding,
    ...(chunk === undefined || chunk === null ? {} : { chunk: chunk as Chunk }),
    ...(callback === undefined ? {} : { callback }),
  }
}
