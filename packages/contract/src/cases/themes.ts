import type { Theme } from '../harness/case.ts'
import { authentication } from './authentication.ts'
import { bodies } from './bodies.ts'
import { conditions } from './conditions.ts'
import { endings } from './endings.ts'
import { endpoint } from './endpoint.ts'
import { flights } from './flights.ts'
import { freshness } from './freshness.ts'
import { headers } from './headers.ts'
import { invalidation } from './invalidation.ts'
import { keys } from './keys.ts'
import { optingIn } from './opting-in.ts'
import { ownHeaders } from './own-headers.ts'
import { patience } from './patience.ts'
import { races } from './races.ts'
import { refills } from './refills.ts'
import { standing } from './standing.ts'
import { stopping } from './stopping.ts'
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
  headers,
  stopping,
]
