import type { Collected } from './cache.ts'
import type { Engine } from './engine.ts'
import { handOn } from './obtain.ts'
import { currentFillScope, FillScope, runInScope } from './scope.ts'

/** Tags and life reach whatever is around it too, as if the code had run there. */
export async function collect<R>(engine: Engine, fn: () => R | Promise<R>): Promise<Collected<R>> {
  const outer = currentFillScope()
  const scope = new FillScope('collect', engine, 'collect()', 'collect()', outer)
  const bornAt = engine.clock.now()
  try {
    const value = await runInScope(scope, async () => fn())
    return { value, tags: [...scope.tags], life: scope.life(engine.profiles.default) }
  } finally {
    scope.close()
    // Also if it failed: what is made of the failure depends on the same.
    handOn(engine, { scope, bornAt }, outer)
  }
}
