import { mkdirSync, realpathSync } from 'node:fs'
import { Damaged } from './checked.ts'
import { warnOfDamage } from './damaged.ts'
import { BrokenEnvironment } from './environment.ts'
import type { Generation, GenerationOptions } from './generation.ts'
import { openGeneration, Replaced } from './generation.ts'

/** Whether the folder has been replaced is looked at so often, in milliseconds, beside every time something is written. */
const checkEveryMs = 200
const maxTries = 5

/** LMDB's locks are of a process, which must not open a file twice. What other threads have open, lmdb shares itself. */
const folders = new Map<string, Folder>()

/** A folder in which processes share a store, opened when it is needed, and again when it has been replaced. */
export class Folder {
  readonly #path: string
  readonly #key: string
  readonly #options: GenerationOptions
  #generation: Generation | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #users = 0

  private constructor(path: string, key: string, options: GenerationOptions) {
    this.#path = path
    this.#key = key
    this.#options = options
  }

  /** The one of this process. */
  static of(path: string, options: GenerationOptions): Folder {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const key = realpathSync(path)
    const folder = folders.get(key) ?? new Folder(path, key, options)
    folders.set(key, folder)
    folder.#users++
    return folder
  }

  /** What `act` gives, without waiting for anybody. */
  read<T>(act: (generation: Generation) => T): T {
    return this.#try(() => act(this.#recent()))
  }

  /** The same, while nobody else writes. */
  write<T>(act: (generation: Generation) => T): T {
    return this.#try(() => {
      const generation = this.#recent()
      return generation.hold(() => act(generation))
    })
  }

  /** Starts with empty files, unless others have done so. */
  renew(generation: Generation): void {
    this.#try(() => {
      if (this.#generation === generation) generation.discard()
    })
    this.#leave()
  }

  /** Once by each who has got it. */
  close(): void {
    if (--this.#users > 0) return
    folders.delete(this.#key)
    this.#leave()
  }

  #try<T>(act: () => T): T {
    for (let tries = 1; ; tries++) {
      try {
        return act()
      } catch (error) {
        if (tries === maxTries) throw error
        if (error instanceof Damaged) this.#discardDamaged(error)
        else if (!isReplaced(error)) throw error
        this.#leave()
      }
    }
  }

  #recent(): Generation {
    const now = performance.now()
    if (this.#generation !== undefined && now - this.#checkedAt < checkEveryMs) return this.#generation
    if (this.#generation?.isInPlace === false) this.#leave()
    this.#generation ??= openGeneration(this.#path, this.#options)
    this.#checkedAt = now
    return this.#generation
  }

  #discardDamaged(error: Damaged): void {
    try {
      this.#generation?.discard()
      warnOfDamage(this.#path, `${error.message}.`)
    } catch (failed) {
      // Others have been faster.
      if (!isReplaced(failed)) throw failed
    }
  }

  #leave(): void {
    const generation = this.#generation
    this.#generation = undefined
    this.#checkedAt = Number.NEGATIVE_INFINITY
    try {
      generation?.close()
    } catch (error) {
      if (!(error instanceof BrokenEnvironment)) throw error
    }
  }
}

/** It may work with what is there now. */
function isReplaced(error: unknown): boolean {
  if (error instanceof Replaced || error instanceof BrokenEnvironment) return true
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
