import type { Theme } from '../harness/case.ts'
import { freshness } from './freshness.ts'
import { invalidation } from './invalidation.ts'
import { optingIn } from './opting-in.ts'

export const themes: readonly Theme[] = [freshness, optingIn, invalidation]
