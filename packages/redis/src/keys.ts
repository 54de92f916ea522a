/** The keys of one store. The braces end a prefix, so that none is the beginning of another's, and keep it on one node. */
export interface StoreKeys {
  /** A hash: who it is, how far it is, and the marks. What belongs together is lost together. */
  readonly ledger: string
  /** A stream of the last invalidations. */
  readonly records: string
  /** Sorted sets of what is marked, by version: tags, paths and keys, then URLs. */
  readonly order: string
  readonly uriOrder: string
  /** A hash for each item. */
  item(key: string): string
}

export function keysOf(prefix: string): StoreKeys {
  const start = `{${prefix}}:`
  return {
    ledger: `${start}ledger`,
    records: `${start}records`,
    order: `${start}order`,
    uriOrder: `${start}order:uris`,
    item: (key) => `${start}item:${key}`,
  }
}
