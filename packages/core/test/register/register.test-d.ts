import type { LifeInput, RegisteredProfile } from '@restale/core'
import { createCache } from '@restale/core'
import { expectTypeOf } from 'vitest'

// Only the compiler reads this file, in a program of its own: a program can register one cache.

const cache = createCache({ profiles: { feed: { revalidate: 60 }, hours: { revalidate: 1 } } })

declare module '@restale/core' {
  interface Register {
    cache: typeof cache
  }
}

// Its own names reach whoever asks for the registered ones; built-in names are known anyway.
expectTypeOf<RegisteredProfile>().toEqualTypeOf<'feed'>()
expectTypeOf<'feed'>().toExtend<LifeInput<RegisteredProfile>>()
expectTypeOf<'hours'>().toExtend<LifeInput<RegisteredProfile>>()
expectTypeOf<'nope'>().not.toExtend<LifeInput<RegisteredProfile>>()
