import { describeValue } from './describe.ts'

/**
 * How long a value may be used, in seconds. `Infinity` means never.
 *
 * - `stale`: how long a client may keep it without asking. It never decides anything on the server.
 * - `revalidate`: from this age on it is stale here.
 * - `expire`: from this age on it is expired.
 */
export interface Life {
  readonly stale: number
  readonly revalidate: number
  readonly expire: number
}

/** Some fields of a life, at least one. Not a weak type, so that a profile name is never mistaken for one. */
export type LifeFields =
  | { readonly stale: number; readonly revalidate?: number; readonly expire?: number }
  | { readonly stale?: number; readonly revalidate: number; readonly expire?: number }
  | { readonly stale?: number; readonly revalidate?: number; readonly expire: number }

/** A named life. A field left out comes from `default`, or means "no deadline" for an invalidation. */
export type Profile = { readonly stale?: number; readonly revalidate?: number; readonly expire?: number }

const lifeFields = ['stale', 'revalidate', 'expire'] as const

/** Next.js's built-in profiles, number by number. */
export const builtInProfiles = {
  default: { stale: 300, revalidate: 900, expire: Number.POSITIVE_INFINITY },
  seconds: { stale: 30, revalidate: 1, expire: 60 },
  minutes: { stale: 300, revalidate: 60, expire: 3600 },
  hours: { stale: 300, revalidate: 3600, expire: 86_400 },
  days: { stale: 300, revalidate: 86_400, expire: 604_800 },
  weeks: { stale: 300, revalidate: 604_800, expire: 2_592_000 },
  max: { stale: 300, revalidate: 2_592_000, expire: 31_536_000 },
} as const satisfies Record<string, Life>

export type BuiltInProfile = keyof typeof builtInProfiles

/** Says what is wrong with the fields of a life, or nothing if they are right. */
export function lifeProblem(fields: unknown): string | undefined {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    return `expected an object { stale?, revalidate?, expire? } in seconds, got ${describeValue(fields)}`
  }
  const record = fields as Record<string, unknown>
  for (const name of Object.keys(record)) {
    if (!(lifeFields as readonly string[]).includes(name)) {
      return `"${name}" is not a field of a life; the fields are ${lifeFields.join(', ')}`
    }
  }
  for (const name of lifeFields) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined
    if (value === undefined) continue
    if (typeof value !== 'number') return `"${name}" must be a number of seconds, got ${describeValue(value)}`
    if (Number.isNaN(value) || value < 0) return `"${name}" must be 0 or more seconds, got ${value}`
  }
  const { revalidate, expire } = record as Profile
  if (revalidate !== undefined && expire !== undefined && revalidate > expire) {
    return `"revalidate" (${revalidate}) must not be greater than "expire" (${expire})`
  }
  return undefined
}

/** Each field keeps the minimum of both, a missing one counts as unlimited: several calls only shorten. */
export function shorter(a: Profile, b: Profile): Profile {
  const result: { stale?: number; revalidate?: number; expire?: number } = {}
  for (const name of lifeFields) {
    const value = Math.min(a[name] ?? Number.POSITIVE_INFINITY, b[name] ?? Number.POSITIVE_INFINITY)
    if (a[name] !== undefined || b[name] !== undefined) result[name] = value
  }
  return result
}

/** Fields of the first, where it has them; of the second elsewhere. */
export function withDefaults(fields: Profile, defaults: Life): Life {
  // Very many entries live by one profile, and share it.
  if (isWhole(fields)) return fields
  return {
    stale: fields.stale ?? defaults.stale,
    revalidate: fields.revalidate ?? defaults.revalidate,
    expire: fields.expire ?? defaults.expire,
  }
}

function isWhole(fields: Profile): fields is Life {
  return fields.stale !== undefined && fields.revalidate !== undefined && fields.expire !== undefined
}

/** What is left of the fields of a life at an age: what an outer value may take over from a nested one. */
export function remaining(life: Profile, ageSeconds: number): Profile {
  const result: { stale?: number; revalidate?: number; expire?: number } = {}
  for (const name of lifeFields) {
    const value = life[name]
    if (value !== undefined) result[name] = Math.max(0, value - ageSeconds)
  }
  return result
}
