import type { Codec } from './codec.ts'
import { deepCopy } from './copy.ts'

/** What cached functions give: plain data, as it is copied for callers. */
export const functionCodec: Codec = {
  kind: 'function',
  encode: (value, serializer) => ({ head: null, body: serializer.serialize(value) }),
  decode: ({ body }, serializer) => deepCopy(serializer.deserialize(body)),
}
