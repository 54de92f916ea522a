import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What has to be known of the files of a folder before they are opened. */
export interface FolderState {
  /** The start of the machine in which they were opened last. */
  readonly boot: string
  /** Nobody has them open, and all that was written is on the disk. */
  readonly isClosed: boolean
  /** Which files they are: a copy of them may be an older state. */
  readonly files: readonly string[]
}

/** Undefined for anything that `writeState` has not written. */
export function readState(file: string): FolderState | undefined {
  try {
    const { boot, isClosed, files } = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof boot !== 'string' || typeof isClosed !== 'boolean' || !Array.isArray(files)) return undefined
    return { boot, isClosed, files: files.map(String) }
  } catch {
    return undefined
  }
}

/** It is on the disk when this returns, whole: what is written to the other files comes after it. */
export function writeState(file: string, state: FolderState): void {
  const next = `${file}.next`
  const descriptor = openSync(next, 'w', 0o600)
  try {
    writeSync(descriptor, JSON.stringify(state))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(next, file)
  syncFolder(dirname(file))
}

function syncFolder(folder: string): void {
  let descriptor: number
  try {
    descriptor = openSync(join(folder, '.'), 'r')
  } catch {
    // Windows opens no folders, and needs none of this.
    return
  }
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
