import type { Engine } from '../cache/engine.ts'

/** What is remembered of a request that has come by mounts of one cache, and goes on. */
interface Passage {
  readonly engine: Engine
  /** The ledger's position when it came by the first: whatever it reads from then on is at least as new. */
  readonly position: number
  /** The names of the mounts that it has come by: few, mostly one. */
  readonly mounts: string[]
}

/** For each cache whose mounts a request has come by. */
const passages = new WeakMap<object, Passage[]>()

export function passageOf(native: unknown, engine: Engine): Passage | undefined {
  if (typeof native !== 'object' || native === null) return undefined
  return passages.get(native)?.find((passage) => passage.engine === engine)
}

/** Notes that a request has come by a mount and goes on to the handler. */
export function notePassage(native: unknown, engine: Engine, mount: string, position: number): void {
  if (typeof native !== 'object' || native === null) return
  const known = passages.get(native)
  if (known === undefined) {
    passages.set(native, [{ engine, position, mounts: [mount] }])
    return
  }
  const passage = known.find((each) => each.engine === engine)
  if (passage === undefined) known.push({ engine, position, mounts: [mount] })
  else if (!passage.mounts.includes(mount)) passage.mounts.push(mount)
}
