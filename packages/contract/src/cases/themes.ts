import type { Theme } from '../harness/case.ts'
import { authentication } from './authentication.ts'
import { bodies } from './bodies.ts'
import { cacheStatus } from './cache-status.ts'
import { conditions } from './conditions.ts'
import { directives } from './directives.ts'
import { downstream } from './downstream.ts'
import { endings } from './endings.ts'
import { endpoint } from './endpoint.ts'
import { expiration } from './expiration.ts'
import { flights } from './flights.ts'
import { freshness } from './freshness.ts'
import { headers } from './headers.ts'
import { invalidation } from './invalidation.ts'
import { keys } from './keys.ts'
import { optingIn } from './opting-in.ts'
import { ownHeaders } from './own-headers.ts'
import { patience } from './patience.ts'
import { poisoning } from './poisoning.ts'
import { races } from './races.ts'
import { ranges } from './ranges.ts'
import { refills } from './refills.ts'
import { staleness } from './staleness.ts'
import { standing } from './standing.ts'
import { stopping } from './stopping.ts'
import { storing } from './storing.ts'
import { groupsAndTags } from './tag-fields.ts'
import { unsafeMethods } from './unsafe.ts'
import { validation } from './validation.ts'
import { variants } from './variants.ts'
import { whose } from './whose.ts'

export const themes: readonly Theme[] = [
  freshness,
  optingIn,
  invalidation,
  endpoint,
  conditions,
  bodies,
  flights,
  patience,
  endings,
  whose,
  authentication,
  ownHeaders,
  standing,
  refills,
  races,
  keys,
  poisoning,
  headers,
  storing,
  expiration,
  staleness,
  variants,
  validation,
  ranges,
  unsafeMethods,
  directives,
  groupsAndTags,
  downstream,
  cacheStatus,
  stopping,
]
