/** A value in two parts, as a store keeps it. */
export interface Encoded {
  /** Plain data: what `JSON.stringify` keeps as it is. */
  readonly head: unknown
  readonly body: Uint8Array
}

/** Any plain value to bytes and back, as `structuredClone` would copy it. Throws for what cannot be written or read. */
export interface Serializer {
  serialize(value: unknown): Uint8Array
  deserialize(bytes: Uint8Array): unknown
}

/** How the values of one kind are stored beyond memory. */
export interface Codec<V = unknown> {
  /** Values of different kinds are never taken for each other. */
  readonly kind: string
  /** Throws if the value cannot be stored. */
  encode(value: V, serializer: Serializer): Encoded
  /**
   * The value and its bytes in memory; undefined for anything that `encode` cannot have made. What is given is hostile
   * until shown otherwise.
   */
  decode(encoded: Encoded, serializer: Serializer): { readonly value: V; readonly bytes: number } | undefined
}
