import { parseDictionary } from 'structured-headers'
import type { CacheControl, Draft } from './cache-control.ts'
import { durations, flags, limitedTo, nothingSaid } from './cache-control.ts'
import { largestDelta } from './directives.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue, listMembers } from './headers.ts'

/**
 * What the first of these fields says that is there, is valid and is not empty (RFC 9213 §2.2). Unlike
 * `Cache-Control` they are structured fields: one mistake, and the whole field counts as not there.
 */
export function targetedControl(lines: HeaderLines, names: readonly string[]): CacheControl | undefined {
  for (const name of names) {
    const value = headerValue(lines, name)
    const control = value === undefined ? undefined : readControl(value)
    if (control !== undefined) return control
  }
  return undefined
}

/** A Decimal is no Integer, but a number for the parser all the same (RFC 9651 §3.3.2). */
const decimal = /^[a-z-]+=-?\d+\./

function readControl(value: string): CacheControl | undefined {
  try {
    const directives = parseDictionary(value)
    const control = nothingSaid()
    if (listMembers(value).some((member) => decimal.test(member))) return undefined
    const isSound = [...directives].every(([name, [argument]]) => apply(name, argument, control))
    return isSound && directives.size > 0 ? control : undefined
  } catch {
    return undefined
  }
}

/** False if a directive has an argument of a kind that it does not take. */
function apply(name: string, argument: unknown, control: Draft): boolean {
  const duration = durations.get(name)
  if (duration !== undefined) {
    if (!Number.isInteger(argument)) return false
    control[duration] = Math.min(Math.max(0, argument as number), largestDelta)
    return true
  }
  const fields = typeof argument === 'string' ? limitedTo(name, argument) : []
  const flag = flags.get(name)
  if (fields.length > 0) control.fieldsKeptOut.push(...fields)
  else if (flag !== undefined) control[flag] = argument !== false
  return true
}
