import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { place } from './place.ts'

/** Room for about 2,000 processes and threads that have it open at a time. */
const lockBytes = 128 * 1024

/**
 * Makes the lock file of an LMDB file, if it is not there, whole and at once. LMDB would make one with holes, and it
 * takes the process down to write into a hole when the disk is full.
 */
export function makeLockFile(file: string): void {
  const lock = `${file}-lock`
  if (statSync(lock, { throwIfNoEntry: false }) !== undefined) return
  const next = `${lock}.${randomUUID()}`
  try {
    writeFileSync(next, Buffer.alloc(lockBytes), { mode: 0o600 })
    place(next, lock)
  } finally {
    rmSync(next, { force: true })
  }
}
