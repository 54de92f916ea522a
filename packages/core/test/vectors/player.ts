import { isDeepStrictEqual } from 'node:util'
import type { Cache, LifeFields, LifeInput } from '@restale/core'
import { createCache } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import { barrier, tick } from '../cache/support.ts'

export interface Step {
  readonly at_ms: number
  readonly action: string
  readonly args: Readonly<Record<string, unknown>>
  readonly observe?: Readonly<Record<string, unknown>>
  /** The route that reads. What is read here is a function, which no route owns. */
  readonly via?: string
}

export interface Scenario {
  readonly name: string
  readonly steps: readonly Step[]
}

export interface Vectors {
  readonly profiles_seconds: Readonly<
    Record<string, { stale?: number; revalidate?: number; expire?: number }>
  >
  readonly scenarios: readonly Scenario[]
}

/** A step that did not come out as it has to. */
export class Mismatch extends Error {}

type Profiles = 'exp3' | 'norevexp' | 'tenmin'
type Read = () => Promise<unknown>

interface Producer {
  readonly read: Read
  /** Is this the key of its entry? */
  readonly owns: (key: string) => boolean
  runs: number
  last: unknown
  isFailing: boolean
  gate: ReturnType<typeof barrier> | undefined
}

/** What only says how Next.js answered its own test server. */
const unobserved = ['status', 'x_action_revalidated', 'revalidated']

/**
 * Plays one scenario. `observed` is told what came out of each step that says what to observe, in the recorded
 * words; it throws if that will not do.
 */
export async function play(
  scenario: Scenario,
  profiles: Vectors['profiles_seconds'],
  observed: (index: number, expected: object, actual: object) => void = mustEqual,
): Promise<void> {
  const player = new Player(profiles)
  try {
    for (const [index, step] of scenario.steps.entries()) {
      const expected = Object.fromEntries(
        Object.entries(step.observe ?? {}).filter(([name]) => !unobserved.includes(name)),
      )
      const actual = await player.take(step, Object.keys(expected))
      if (Object.keys(expected).length > 0) observed(index, expected, actual)
    }
  } finally {
    await player.end()
  }
}

export function mustEqual(index: number, expected: object, actual: object): void {
  if (isDeepStrictEqual(expected, actual)) return
  throw new Mismatch(`step ${index}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
}

class Player {
  readonly #clock = fakeClock()
  readonly #start = this.#clock.now()
  readonly #cache: Cache<Profiles>
  /** What the cached fetch asks: by path, what makes the value. */
  readonly #origin = new Map<string, () => Promise<unknown>>()
  readonly #producers = new Map<string, Producer>()
  readonly #pending = new Map<string, Promise<unknown>>()
  /** Instants, from the start, at which some value was made; and the lives, in seconds, that some value has. */
  readonly #births = new Set<number>()
  readonly #lives = new Set<number>()
  readonly #profiles: Vectors['profiles_seconds']
  readonly #stop: () => void
  #served: { kind: string; key: string }[] = []

  constructor(profiles: Vectors['profiles_seconds']) {
    this.#profiles = profiles
    const custom = Object.entries(profiles)
      .filter(([name]) => name.startsWith('custom:'))
      .map(([name, profile]) => [name.slice('custom:'.length), profile])
    this.#cache = createCache({
      clock: this.#clock,
      fetch: { fetch: async (url) => new Response(String(await this.#origin.get(String(url))?.())) },
      profiles: Object.fromEntries(custom) as { [name in Profiles]: LifeFields },
    })
    this.#stop = this.#cache.subscribe((event) => {
      if (event.kind === 'hit' || event.kind === 'stale' || event.kind === 'miss') {
        this.#served.push({ kind: event.kind, key: event.key })
      }
    })
  }

  /** Does a step, and gives the observations that are asked for. */
  async take({ at_ms, action, args }: Step, names: readonly string[]): Promise<object> {
    this.#moveTo(at_ms)
    const taken = actions[action]
    if (taken === undefined) throw new Error(`The player does not know the action "${action}"`)
    const found = { ...(await taken.call(this, args)) } as Record<string, unknown>
    await tick()
    // What is held at a gate does not end by itself.
    if ([...this.#producers.values()].every(({ gate }) => gate === undefined)) await settled(this.#cache)
    found.producer_runs_total = this.#runsTotal(args)
    for (const name of names) {
      if (!(name in found))
        throw new Error(`The player does not know the observation "${name}" of "${action}"`)
    }
    return Object.fromEntries(names.map((name) => [name, found[name]]))
  }

  async end(): Promise<void> {
    for (const { gate } of this.#producers.values()) gate?.open()
    await Promise.allSettled(this.#pending.values())
    this.#stop()
    await this.#cache.close()
  }

  /** A producer that names its own `revalidate` is read by a cached fetch, the others are cached functions. */
  define({ id, tags, life, inner, revalidate }: Readonly<Record<string, unknown>>): object {
    const key = String(id)
    const run = async () => {
      const producer = this.#producer(id)
      const value = ++producer.runs
      await producer.gate?.pass()
      if (producer.isFailing) throw new Error(`${key} fails`)
      this.#births.add(this.#clock.now() - this.#start)
      return inner === undefined ? value : `${value}/${await this.#producer(inner).read()}`
    }
    const made =
      revalidate === undefined
        ? this.#function(key, run, tags as string[], life)
        : this.#fetch(key, run, tags as string[], revalidate as number)
    this.#producers.set(key, {
      ...made,
      runs: 0,
      last: undefined,
      isFailing: false,
      gate: undefined,
    })
    return {}
  }

  #function(key: string, run: () => Promise<unknown>, tags: string[], life: unknown) {
    this.#addLife(life)
    const options = { key, tags, ...(life === undefined ? {} : { life: life as LifeInput<Profiles> }) }
    const read = this.#cache.cached(run, options)
    return { read, owns: (candidate: string) => candidate === read.key() }
  }

  #fetch(key: string, run: () => Promise<unknown>, tags: string[], revalidate: number) {
    this.#lives.add(revalidate)
    const url = `https://origin.example/${key}`
    this.#origin.set(url, run)
    const read = async () => {
      const response = await this.#cache.fetch(url, { next: { tags, revalidate } })
      return response.text()
    }
    return { read, owns: (candidate: string) => candidate.includes(` ${url} `) }
  }

  async get({ id }: Readonly<Record<string, unknown>>): Promise<object> {
    const producer = this.#producer(id)
    this.#served = []
    let value: unknown
    try {
      value = await producer.read()
    } catch (error) {
      return { error: String(error) }
    }
    const served = this.#served.find(({ key }) => producer.owns(key))?.kind
    const isSame = value === producer.last
    producer.last = value
    return { value, served, value_is: isSame ? 'same' : 'new' }
  }

  async getAsync({ id, as }: Readonly<Record<string, unknown>>): Promise<object> {
    this.#pending.set(String(as), this.#producer(id).read())
    await tick()
    // "pending": it was not waited for.
    return { pending: true }
  }

  async awaitGet({ as }: Readonly<Record<string, unknown>>): Promise<object> {
    const value = await this.#pending.get(String(as))
    this.#pending.delete(String(as))
    return { value }
  }

  async revalidateTag(args: Readonly<Record<string, unknown>>): Promise<object> {
    const profile = args.profile as 'max'
    await this.#cache.revalidateTag(args.tag as string, profile)
    return { result: 'ok' }
  }

  async updateTag({ tag }: Readonly<Record<string, unknown>>): Promise<object> {
    await this.#cache.updateTag(tag as string)
    return { result: 'ok' }
  }

  async revalidatePath({ path, type }: Readonly<Record<string, unknown>>): Promise<object> {
    await this.#cache.revalidatePath(path as string, type as 'layout' | undefined)
    return { result: 'ok' }
  }

  /** What the webhook of the documentation does with its tag. */
  async webhook({ tag }: Readonly<Record<string, unknown>>): Promise<object> {
    await this.#cache.revalidateTag(tag as string, { expire: 0 })
    return {}
  }

  async serverAction({ ops }: Readonly<Record<string, unknown>>): Promise<object> {
    const results: unknown[] = []
    for (const { op, ...args } of ops as { op: string; [name: string]: unknown }[]) {
      const taken = actions[op]
      if (taken === undefined) throw new Error(`The player does not know the operation "${op}"`)
      const { value, result } = (await taken.call(this, args)) as { value?: unknown; result?: unknown }
      results.push(value ?? result)
    }
    return { results }
  }

  gate({ id }: Readonly<Record<string, unknown>>): object {
    this.#producer(id).gate = barrier()
    return {}
  }

  ungate({ id }: Readonly<Record<string, unknown>>): object {
    this.#producer(id).gate?.open()
    this.#producer(id).gate = undefined
    return {}
  }

  release({ id }: Readonly<Record<string, unknown>>): object {
    this.#producer(id).gate?.release()
    return {}
  }

  fail({ id }: Readonly<Record<string, unknown>>): object {
    return this.#setFailing(id, true)
  }

  recover({ id }: Readonly<Record<string, unknown>>): object {
    return this.#setFailing(id, false)
  }

  #setFailing(id: unknown, isFailing: boolean): object {
    // A scenario may say so before it defines the function.
    this.#producer(id).isFailing = isFailing
    return {}
  }

  #producer(id: unknown): Producer {
    const producer = this.#producers.get(String(id))
    if (producer === undefined) throw new Error(`"${id}" is not defined`)
    return producer
  }

  #runsTotal({ id, ops }: Readonly<Record<string, unknown>>): unknown {
    if (ops === undefined) return this.#producers.get(String(id))?.runs
    return Object.fromEntries([...this.#producers].map(([name, { runs }]) => [name, runs]))
  }

  #addLife(life: unknown): void {
    const named = typeof life === 'string' ? (this.#profiles[life] ?? this.#profiles[`custom:${life}`]) : life
    const { revalidate, expire } = { ...this.#profiles.default, ...(named as LifeFields | undefined) }
    for (const seconds of [revalidate, expire]) if (seconds) this.#lives.add(seconds)
  }

  #moveTo(atMs: number): void {
    const isOnBoundary = [...this.#births].some((birth) =>
      [...this.#lives].some((life) => atMs === birth + life * 1000),
    )
    const target = this.#start + atMs - (isOnBoundary ? 1 : 0)
    this.#clock.advance(target - this.#clock.now())
  }
}

type Action = (this: Player, args: Readonly<Record<string, unknown>>) => object | Promise<object>

const actions: Readonly<Record<string, Action>> = {
  define: Player.prototype.define,
  get: Player.prototype.get,
  get_async: Player.prototype.getAsync,
  await: Player.prototype.awaitGet,
  revalidateTag: Player.prototype.revalidateTag,
  updateTag: Player.prototype.updateTag,
  revalidatePath: Player.prototype.revalidatePath,
  webhook: Player.prototype.webhook,
  server_action: Player.prototype.serverAction,
  gate: Player.prototype.gate,
  ungate: Player.prototype.ungate,
  release: Player.prototype.release,
  producer_fails: Player.prototype.fail,
  producer_ok: Player.prototype.recover,
}
