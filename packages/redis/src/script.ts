import { createHash } from 'node:crypto'
import type { Connection } from './connection.ts'
import type { Argument } from './driver.ts'

/** A script that the server knows by its hash, and is told again when it has forgotten it. */
export class Script {
  readonly #text: string
  readonly #sha: string

  constructor(text: string) {
    this.#text = text
    this.#sha = createHash('sha1').update(text).digest('hex')
  }

  async run(connection: Connection, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await connection.send(['EVALSHA', this.#sha, ...rest])
    } catch (error) {
      if (!isUnknown(error)) throw error
      return connection.send(['EVAL', this.#text, ...rest])
    }
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
