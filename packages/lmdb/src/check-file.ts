import { Buffer } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { arch } from 'node:process'
import { checkTrees } from './check-trees.ts'
import type { MetaPage } from './meta-page.ts'
import { metaBytes, parseMetaPage } from './meta-page.ts'

export interface CheckOptions {
  /** Looks into each entry; what it throws is what is wrong. */
  readonly onEntry?: (key: Buffer, value: Buffer) => void
  /** What has not been looked at by then is taken as it is, in milliseconds. */
  readonly budgetMs: number
}

/**
 * LMDB trusts what it reads, and takes the process down if it cannot: so this looks first, at the meta pages and, with
 * options, at every page that can be reached from them, while nobody writes. Says what is wrong, or nothing.
 */
export function fileProblem(file: string, options?: CheckOptions): string | undefined {
  // LMDB writes as the machine computes: only where that is as nearly everywhere can it be read here.
  const isReadable = endianness() === 'LE' && !arch.includes('32') && arch !== 'arm'
  if (!isReadable) return undefined
  const descriptor = openSync(file, 'r')
  try {
    const meta = currentMeta(descriptor)
    if (options !== undefined) checkTrees(descriptor, meta, options)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    closeSync(descriptor)
  }
}

/** The meta page that LMDB takes: that of the last transaction. */
function currentMeta(descriptor: number): MetaPage {
  const { size } = fstatSync(descriptor)
  const first = metaAt(descriptor, 0)
  const second = metaAt(descriptor, first.pageSize)
  if (first.pageSize !== second.pageSize) throw new Error('its meta pages contradict each other')
  const isPair = Math.abs(first.transaction - second.transaction) === 1 || first.transaction === 0
  if (!isPair) throw new Error('its meta pages are not of two transactions in a row')
  for (const { main, free, pageSize } of [first, second]) {
    const end = (Math.max(main.root ?? 1, free.root ?? 1) + 1) * pageSize
    if (end > size) throw new Error(`it is cut off at ${size} bytes`)
  }
  return second.transaction > first.transaction ? second : first
}

function metaAt(descriptor: number, position: number): MetaPage {
  const bytes = Buffer.alloc(metaBytes)
  const length = readSync(descriptor, bytes, 0, metaBytes, position)
  return parseMetaPage(bytes.subarray(0, length))
}
