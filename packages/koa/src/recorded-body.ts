import type { Buffer } from 'node:buffer'
import { Transform } from 'node:stream'
import type { Capture } from '@restale/core/http'

/**
 * Shows a capture what flows through. Up to the cap it is read as fast as it comes: a slow first client must not
 * hold up the others.
 */
export function recordedBody(capture: Capture, onComplete: () => void): Transform {
  return new Transform({
    readableHighWaterMark: capture.maxBytes,
    transform(chunk: Buffer, _encoding, callback) {
      capture.write(chunk)
      callback(null, chunk)
    },
    flush(callback) {
      onComplete()
      callback()
    },
  })
}
