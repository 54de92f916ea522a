import type { BuiltInProfile, Life, Profile } from '../state/life.ts'
import { builtInProfiles, lifeProblem } from '../state/life.ts'
import { CacheError } from './errors.ts'

/** The profiles of one cache: Next.js's seven, with the user's merged over them. */
export class Profiles {
  readonly #profiles: ReadonlyMap<string, Profile>
  /** What a life falls back to, field by field. */
  readonly default: Life

  constructor(custom: Readonly<Record<string, Profile>> = {}) {
    if (typeof custom !== 'object' || custom === null || Array.isArray(custom)) {
      throw new CacheError('ERR_RESTALE_INVALID_OPTION', 'profiles must be an object of named lives.')
    }
    const profiles = new Map<string, Profile>(Object.entries(builtInProfiles))
    for (const [name, profile] of Object.entries(custom)) {
      refuseWrong(name, profile)
      const merged = { ...profiles.get(name as BuiltInProfile), ...definedFields(profile) }
      // Right in itself, it may still contradict the fields that it takes over.
      refuseWrong(name, merged)
      profiles.set(name, merged)
    }
    this.#profiles = profiles
    this.default = { ...builtInProfiles.default, ...profiles.get('default') }
  }

  /** The fields of a life given by name or in full. Throws before anything happens if it is neither. */
  fields(life: unknown): Profile {
    if (typeof life === 'string') return this.#named(life)
    const problem = lifeProblem(life)
    if (problem)
      throw new CacheError('ERR_RESTALE_INVALID_LIFE', `A life is a profile name or its fields: ${problem}.`)
    return definedFields(life as Profile)
  }

  /** Seconds from a soft invalidation until what it marked expires; `Infinity` for no deadline, 0 for hard. */
  deadline(profile: unknown): number {
    return this.fields(profile).expire ?? Number.POSITIVE_INFINITY
  }

  #named(name: string): Profile {
    const profile = this.#profiles.get(name)
    if (profile !== undefined) return profile
    const known = [...this.#profiles.keys()].join(', ')
    throw new CacheError(
      'ERR_RESTALE_UNKNOWN_PROFILE',
      `There is no profile "${name}". Known profiles: ${known}.`,
    )
  }
}

function refuseWrong(name: string, profile: unknown): void {
  const problem = lifeProblem(profile)
  if (problem) throw new CacheError('ERR_RESTALE_INVALID_LIFE', `Profile "${name}": ${problem}.`)
}

/** Drops fields that are present but undefined, so that they do not hide what they are merged over. */
function definedFields(profile: Profile): Profile {
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined)) as Profile
}
