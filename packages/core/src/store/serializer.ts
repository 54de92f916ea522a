import { deserialize, serialize } from 'node:v8'
import type { Serializer } from '../cache/codec.ts'
import { isBounded } from './serialized.ts'

/** The structured clone of the platform: it reads what older versions of it have written, and refuses the rest. */
export const serializer: Serializer = {
  serialize,
  deserialize(bytes) {
    if (!isBounded(bytes)) throw new Error('It would take more memory than it may')
    return deserialize(bytes)
  },
}
