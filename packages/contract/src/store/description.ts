import type { StorePort } from '@restale/core/store'

/** A store of its own for one case: it begins empty, with room for 32 MiB. */
export interface StoreTrial {
  /** A port on it, independent of the others: as the one that another process would have. */
  port(): StorePort | Promise<StorePort>
  /** Ends the store and whatever it stands on. All ports that were given are closed before. */
  close(): unknown
}

/** Opens a store that nothing is in. */
export type OpenStore = () => StoreTrial | Promise<StoreTrial>

/** How a port tells of what others have recorded. It has one of them at least. */
export type StoreOffer = 'peek' | 'watch'
