import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Boot times that differ by less are the same one, measured twice, in milliseconds. */
const toleranceMs = 60_000

/**
 * Says from which start of the machine what is in memory comes. A process that dies loses nothing it has written; a
 * machine that stops may lose any of it, in any order.
 */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return `since ${Date.now() - uptime() * 1000}`
  }
}

export function isSameBoot(a: string, b: string): boolean {
  if (!a.startsWith('since ') || !b.startsWith('since ')) return a === b
  return Math.abs(Number(a.slice(6)) - Number(b.slice(6))) < toleranceMs
}
