import type { SharedOptions } from '@restale/core/store'
import { CacheError } from '@restale/core/store'

export interface LmdbOptions extends SharedOptions {
  /** A folder for the store's files, made if it is missing. All processes with the same one share what is in it. */
  readonly path: string
  /**
   * What the file of entries may take on the disk, in bytes, give or take a tenth; at least 1 MiB. What is kept of
   * invalidations takes 64 MiB beside it, from the beginning. @default 536_870_912 (512 MiB)
   */
  readonly maxBytes?: number | undefined
}

/** Its own options, resolved. */
export interface LmdbSettings {
  readonly path: string
  readonly maxBytes: number
}

const mebibyte = 1024 * 1024
const defaultMaxBytes = 512 * mebibyte
const leastMaxBytes = mebibyte

/** @throws CacheError `ERR_RESTALE_INVALID_OPTION` */
export function lmdbSettings({
  path,
  maxBytes = defaultMaxBytes,
}: Pick<LmdbOptions, 'path' | 'maxBytes'>): LmdbSettings {
  const isPath = typeof path === 'string' && path !== '' && !path.includes('\0')
  if (!isPath) throw invalid('path must be the path of a folder')
  const isSize = Number.isSafeInteger(maxBytes) && maxBytes >= leastMaxBytes
  if (!isSize) throw invalid(`maxBytes must be a whole number of at least ${leastMaxBytes}`)
  return { path, maxBytes }
}

function invalid(problem: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', `lmdbStore: ${problem}.`)
}
