import { setTimeout as pause } from 'node:timers/promises'
import type { Cache, CacheEvent, Clock } from '@restale/core'
import { createCache } from '@restale/core'
import { onTestFinished } from 'vitest'
import type { RedisStoreOptions } from '../../src/index.ts'
import { redisStore } from '../../src/index.ts'

export interface Change {
  readonly id: string
  /** What the origin gives from this change on. */
  readonly version: number
  readonly by: CacheNode
  /** When the invalidation resolved. */
  readonly doneAt: number
  readonly reach: 'everywhere' | 'here'
}

/** A process of an application, for what matters here: a cache with connections of its own. */
export class CacheNode {
  readonly name: string
  readonly cache: Cache
  readonly events: CacheEvent[] = []
  readonly read: (id: string) => Promise<string>
  runs = 0

  constructor(
    name: string,
    world: World,
    { clock, ...options }: RedisStoreOptions & { readonly clock?: Clock },
  ) {
    this.name = name
    this.cache = createCache({ clock, store: redisStore(options) })
    onTestFinished(this.cache.subscribe((event) => this.events.push(event)))
    onTestFinished(() => this.cache.close())
    const fill = async (id: string) => {
      this.runs++
      const version = world.versionOf(id)
      await pause(1)
      return `${id} ${version}`
    }
    this.read = this.cache.cached(fill, {
      key: 'read',
      tags: ([id]) => [id],
      life: { revalidate: 3600, expire: 7200 },
    })
  }

  saw(state: string): number {
    return this.events.filter((event) => event.kind === 'store' && event.state === state).length
  }
}

/** An origin whose things have versions that grow, and who may still show which one of them. */
export class World {
  readonly #versions = new Map<string, number>()
  readonly changes: Change[] = []
  /** What was wrong, in words. */
  readonly violations: string[] = []
  /** Milliseconds that each read took, in order. */
  readonly latencies: number[] = []
  readonly failures: unknown[] = []
  /** How long after an invalidation another node may still not know of it, in milliseconds. */
  graceMs: number

  constructor({ graceMs }: { graceMs: number }) {
    this.graceMs = graceMs
    const onRejection = (reason: unknown) => this.failures.push(reason)
    process.on('unhandledRejection', onRejection)
    onTestFinished(() => void process.off('unhandledRejection', onRejection))
  }

  versionOf(id: string): number {
    return this.#versions.get(id) ?? 1
  }

  async change(id: string, by: CacheNode): Promise<Change> {
    const version = this.versionOf(id) + 1
    this.#versions.set(id, version)
    const { reach } = await by.cache.updateTag(id)
    const change = { id, version, by, doneAt: performance.now(), reach }
    this.changes.push(change)
    return change
  }

  /** Reads, and judges what comes by the invalidations that held before it began. */
  async read(id: string, node: CacheNode): Promise<void> {
    const beganAt = performance.now()
    const least = this.#least(id, node, beganAt)
    try {
      const value = await node.read(id)
      const version = Number(value.slice(id.length))
      if (!(version >= least))
        this.violations.push(`${node.name} gave ${value} after version ${least} was told`)
    } catch (error) {
      this.failures.push(error)
    }
    this.latencies.push(performance.now() - beganAt)
  }

  /** Reads at random on all nodes, one after the other on each, until it is stopped. */
  load(nodes: readonly CacheNode[], ids: readonly string[]): () => Promise<void> {
    let isOver = false
    const run = async (node: CacheNode) => {
      for (let count = 0; !isOver; count++) {
        await this.read(ids[count % ids.length] as string, node)
        if (count % 8 === 0) await pause(1)
      }
    }
    const runs = nodes.map(run)
    return async () => {
      isOver = true
      await Promise.all(runs)
    }
  }

  #least(id: string, node: CacheNode, now: number): number {
    const holds = ({ by, doneAt, reach }: Change) =>
      by === node ? doneAt <= now : reach === 'everywhere' && doneAt + this.graceMs <= now
    return Math.max(
      1,
      ...this.changes.filter((change) => change.id === id && holds(change)).map(({ version }) => version),
    )
  }
}
