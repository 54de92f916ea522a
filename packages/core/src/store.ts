/** For store authors: what a store does, and what its ledger keeps. */
export { CacheError } from './cache/errors.ts'
export type { MaybePromise, Store } from './cache/tier.ts'
export { warnOnce } from './cache/warnings.ts'
export {
  expireMark,
  foldFired,
  joinMarks,
  type Mark,
  noMark,
  staleMark,
} from './state/mark.ts'
export { createStore } from './store/create-store.ts'
export type { SharedOptions } from './store/options.ts'
export type {
  Found,
  Item,
  LedgerRecord,
  LedgerView,
  Marking,
  Position,
  ReadReply,
  Stamp,
  StoreLimits,
  StorePort,
} from './store/port.ts'
