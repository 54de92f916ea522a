import type { Engine } from '../cache/engine.ts'

/** What is remembered of a request that has come by a mount of one cache, and goes on. */
interface Passage {
  /** The ledger's position when it came by the first: whatever it reads from then on is at least as new. */
  readonly position: number
  /** The mounts that it has come by, by name. */
  readonly mounts: Set<string>
}

const passages = new WeakMap<object, Map<Engine, Passage>>()

export function passageOf(native: unknown, engine: Engine): Passage | undefined {
  return typeof native === 'object' && native !== null ? passages.get(native)?.get(engine) : undefined
}

/** Notes that a request has come by a mount and goes on to the handler. */
export function notePassage(native: unknown, engine: Engine, mount: string, position: number): void {
  if (typeof native !== 'object' || native === null) return
  const byEngine = passages.get(native) ?? new Map<Engine, Passage>()
  passages.set(native, byEngine)
  const passage = byEngine.get(engine) ?? { position, mounts: new Set() }
  byEngine.set(engine, passage)
  passage.mounts.add(mount)
}
