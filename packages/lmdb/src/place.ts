import { linkSync, renameSync, statSync } from 'node:fs'

/** Moves a file to where others look for it, whole and at once, unless there is one: that may be in use already. */
export function place(next: string, file: string): void {
  try {
    linkSync(next, file)
  } catch {
    // Others have been faster, or this disk has no links.
    if (statSync(file, { throwIfNoEntry: false }) === undefined) renameSync(next, file)
  }
}
