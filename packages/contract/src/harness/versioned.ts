import type { Body, Exchange } from '../description.ts'
import type { Fields } from './fields.ts'
import { setFields } from './fields.ts'
import type { Origin } from './origin.ts'
import { origin } from './origin.ts'

/** A page that becomes another one when it is told to, and has an `ETag` for each version. */
export interface Versioned extends Origin {
  version: number
  /** The `If-None-Match` that each run has seen. */
  readonly asked: (string | undefined)[]
}

/**
 * Answers `If-None-Match` by 304, as a handler does that knows of conditions. `fields`: those of all its responses.
 */
export function versioned(fields: Fields = {}, before: (run: number) => unknown = () => {}): Versioned {
  const asked: (string | undefined)[] = []
  const page = origin(async (exchange, run) => {
    const condition = exchange.request.header('if-none-match')
    asked.push(condition)
    await before(run)
    return ofVersion(exchange, versions.version, fields, condition)
  })
  const versions: Versioned = {
    version: 1,
    asked,
    get runs() {
      return page.runs
    },
    handle: page.handle,
  }
  return versions
}

function ofVersion({ reply }: Exchange, version: number, fields: Fields, condition?: string): Body {
  const etag = etagOf(version)
  setFields(reply, { ETag: etag, ...fields })
  if (condition !== etag) return `version ${version}`
  reply.status(304)
  return { empty: true }
}

export function etagOf(version: number): string {
  return `"version-${version}"`
}
