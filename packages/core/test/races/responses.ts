import type { CacheHandle } from '@restale/core/http'
import type { Answer } from './application.ts'
import { Application } from './application.ts'
import type { Plan, Reader, Value } from './plan.ts'
import { SourceError } from './sources.ts'
import type { World } from './world.ts'

/** A response of a route of its own. */
export function responseReader(world: World, plan: Plan): Reader {
  const { name, life, tags, tagging = 'in options', optIn = 'by the route', isStreamed = false } = plan
  const isRoute = optIn === 'by the route'
  const optInAt = (point: typeof optIn, handle: CacheHandle<string>) => {
    if (optIn === point) handle.life(life as NonNullable<typeof life>)
  }
  const tagAt = (point: typeof tagging, handle: CacheHandle<string>) => {
    if (tagging === point) handle.tag(...tags)
  }

  const application = new Application(world.cache, {
    target: `/${encodeURIComponent(name)}`,
    isRoute,
    isStreamed,
    options: {
      ...(isRoute && life !== undefined ? { life } : {}),
      ...(isRoute ? { tags: tagging === 'in options' ? tags : [] } : {}),
    },
    handler: async (handle) => {
      optInAt('before reading', handle)
      tagAt('before reading', handle)
      const answer = await answered(world.make(plan))
      tagAt('after reading', handle)
      optInAt('after reading', handle)
      return answer
    },
    beforeEnd: async ({ status, body }) => {
      if (isStreamed) await world.pass('before storing', plan)
      if (status === 200) world.end(JSON.parse(body) as Value)
    },
  })
  return async () => {
    const { status, body } = await application.get()
    if (status !== 200) throw new SourceError(`The application answers ${status}`)
    return JSON.parse(body) as Value
  }
}

/** As a framework answers for a handler that throws. */
async function answered(value: Promise<Value>): Promise<Answer> {
  try {
    return { status: 200, body: JSON.stringify(await value) }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return { status: 500, body: error.message }
  }
}
