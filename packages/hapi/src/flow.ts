import type { Request, ResponseObject } from '@hapi/hapi'
import type { Capture } from '@restale/core/http'
import { isRefill } from './redispatch.ts'

/** hapi gives text to Node as text, which then writes the head in the same encoding, and not in its own. */
export function writeBytes({ raw }: Request): void {
  const { res } = raw
  const { write } = res
  res.write = ((chunk: unknown, encoding: BufferEncoding, ...rest: unknown[]) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    return Reflect.apply(write, res, [bytes, encoding, ...rest])
  }) as typeof write
}

interface Moments {
  /** hapi is about to send the head, complete by now. */
  onHead(status: number): void
  /** The head is out. */
  onOut(): void
  /** The body has flowed to its end. */
  onEnd(): void
  /** As far as it is known with the head. */
  readonly length: number | undefined
}

/** Shows a capture the body of a response as it flows, before it is compressed. */
export function recordFlow(
  request: Request,
  response: ResponseObject,
  capture: Capture,
  { onHead, onOut, onEnd, length }: Moments,
): void {
  const { res } = request.raw
  const { writeHead, write } = res
  let flowed = 0
  // Nobody waits for the rest of a refill that is not going to be stored, and it may be endless.
  const stopRefill = () => {
    if (!capture.isRecording && isRefill(request)) res.destroy()
  }
  res.writeHead = ((...args: unknown[]) => {
    res.writeHead = writeHead
    if (request.response === response) onHead(args[0] as number)
    else capture.fail(new Error('Another response was sent'))
    const result = Reflect.apply(writeHead, res, args)
    onOut()
    stopRefill()
    return result
  }) as typeof writeHead
  res.write = ((...args: unknown[]) => {
    const isReady = Reflect.apply(write, res, args)
    // A slow first client must not hold up the others, so up to the cap it seems to be fast.
    return capture.isRecording || isReady
  }) as typeof write
  response.events.on('peek', (chunk: string | Uint8Array, encoding: string) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk
    if (flowed === length && bytes.length > 0)
      capture.fail(new Error('The body is longer than its head says'))
    flowed += bytes.length
    capture.write(bytes)
    // The client has all of it by now, while a file does not know yet that it has come to its end.
    if (flowed === length) onEnd()
    else stopRefill()
  })
  response.events.once('finish', onEnd)
}
