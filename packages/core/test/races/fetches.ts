import type { Plan, Reader, Value } from './plan.ts'
import type { Run } from './run.ts'
import { SourceError } from './sources.ts'
import type { World } from './world.ts'

/** A cached fetch of a URL of its own. */
export function fetchReader(world: World, plan: Plan): Reader {
  const url = `http://upstream.test/${encodeURIComponent(plan.name)}`
  world.upstream.plans.set(url, plan)
  const next = {
    tags: plan.tags,
    ...(plan.life === undefined ? {} : { revalidate: plan.life.revalidate }),
  }
  return async () => {
    const response = await world.cache.fetch(url, { next })
    if (!response.ok) throw new SourceError(`Upstream answers ${response.status}`)
    return (await response.json()) as Value
  }
}

/** What stands behind the cached fetches: no network, replies whose body comes after their head. */
export class Upstream {
  readonly plans = new Map<string, Plan>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const plan = this.plans.get(request.url) as Plan
    let value: Value
    try {
      value = await this.#world.make(plan)
    } catch (error) {
      if (error instanceof SourceError) return new Response(null, { status: 503 })
      throw error
    }
    const etag = this.#etag(value)
    if (plan.hasValidators && request.headers.get('if-none-match') === etag) {
      return new Response(null, { status: 304, headers: { etag } })
    }
    return new Response(this.#body(plan, value), plan.hasValidators ? { headers: { etag } } : {})
  }

  /** In two chunks; what is behind the second comes when the world lets it. */
  #body(plan: Plan, value: Value): ReadableStream<Uint8Array> {
    const bytes = new TextEncoder().encode(JSON.stringify(value))
    return new ReadableStream({
      start: async (controller) => {
        controller.enqueue(bytes.subarray(0, 1))
        await this.#world.pass('before storing', plan)
        controller.enqueue(bytes.subarray(1))
        this.#world.end(value)
        controller.close()
      },
    })
  }

  /** Of what the run has read, not of what the sources are by now. */
  #etag({ run }: Value): string {
    const { readings } = this.#world.runs[run] as Run
    return `"${[...readings.values()].map(({ version }) => version).join(',')}"`
  }
}
