import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { fileProblem } from './check-file.ts'
import { removeFile } from './damaged.ts'
import { BrokenEnvironment, Environment } from './environment.ts'
import { place } from './place.ts'

const mapSize = 1024 * 1024
const anyKey = Buffer.from('any')
/** So often it is tried, while those who close it get out of the way. */
const maxTries = 50

/**
 * One process, and one thread of it, at a time. LMDB sorts out its writers itself, but not those who open a file while
 * others write to it: the last transaction before is lost, or the process. A lock file would stay behind one who is
 * killed; this one is an LMDB file in which nothing is ever written, with a lock that the system gives back.
 */
export class Gate {
  readonly #environment: Environment

  /** `file` has been made by `makeGate`. */
  constructor(file: string) {
    this.#environment = openGate(file)
  }

  /** Others wait until `act` has returned. */
  hold<T>(act: () => T): T {
    return this.#environment.transact(act)
  }

  /** Within `hold`: nobody else has it open. */
  get isAlone(): boolean {
    return this.#environment.readers === 1
  }

  close(): void {
    this.#environment.close()
  }
}

function openGate(file: string): Environment {
  return patiently(() => {
    const environment = new Environment(file, mapSize)
    try {
      environment.transact(() => {})
      // From now on it counts among the readers.
      environment.get(anyKey)
      return environment
    } catch (error) {
      environment.close()
      throw error
    }
  })
}

/**
 * Makes it where there is none, or a damaged one: nothing is lost with it, for whoever has another one open notices
 * that it is gone.
 */
export function makeGate(file: string): void {
  const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined
  if (isThere && fileProblem(file) === undefined) return
  // Where there is none, others may be making it by now, and must not lose it.
  if (isThere) removeFile(file)
  const next = `${file}.${randomUUID()}`
  try {
    new Environment(next, mapSize).close()
    place(next, file)
  } finally {
    removeFile(next)
  }
}

/** Whoever closes a file last takes its locks with it, also from those who have just opened it: they have to do it again. */
function patiently<T>(open: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return open()
    } catch (error) {
      if (!(error instanceof BrokenEnvironment) || tries === maxTries) throw error
      sleep(tries)
    }
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
