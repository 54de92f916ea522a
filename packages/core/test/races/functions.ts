import type { Plan, Reader, Value } from './plan.ts'
import type { World } from './world.ts'

/** A cached function without arguments. */
export function functionReader(world: World, plan: Plan): Reader {
  const { cache } = world
  const { name, life, tags, tagging = 'in options', staleIfError } = plan
  const make = async (): Promise<Value> => {
    if (tagging === 'before reading') cache.cacheTag(...tags)
    const value = await world.make(plan)
    if (tagging === 'after reading') cache.cacheTag(...tags)
    world.end(value)
    return value
  }
  return cache.cached(make, {
    key: name,
    ...(life === undefined ? {} : { life }),
    ...(staleIfError === undefined ? {} : { staleIfError }),
    ...(tagging === 'in options' ? { tags } : {}),
    ...(tagging === 'of the result' ? { tags: (_args: [], _value: Value) => tags } : {}),
  })
}
