// What is sent: JSON of 1 KiB or 64 KiB, to the byte.
import { Buffer } from 'node:buffer'

const item = (id) => ({ id, name: `item ${id}`, tags: ['a', 'b'], isShown: id % 2 === 0, price: id * 1.25 })

/** @param {number} bytes */
export function jsonValue(bytes) {
  const items = []
  const sizeOf = (padding) => Buffer.byteLength(JSON.stringify({ items, padding }))
  while (sizeOf('') < bytes - 100) items.push(item(items.length))
  return { items, padding: 'x'.repeat(bytes - sizeOf('')) }
}

export const sizes = { '1 KiB': 1024, '64 KiB': 65_536 }

export const type = 'application/json; charset=utf-8'

/**
 * What a candidate answers with. `make` is the handler's work, and counted; `lines` are those that a hit of ours has in
 * the same framework, as `[name, value, …]`, for whoever writes a constant.
 */
export function subjectOf(bytes, lines) {
  const value = jsonValue(bytes)
  const subject = {
    value,
    bytes: Buffer.from(JSON.stringify(value)),
    lines,
    /** Those that frameworks do not write themselves. */
    ownLines: lines.filter((_, at) => !/^(content-length|content-type)$/i.test(lines[at - (at % 2)])),
    made: 0,
    make() {
      subject.made++
      return value
    },
  }
  return subject
}
