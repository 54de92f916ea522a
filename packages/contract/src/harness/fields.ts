import type { Reply } from '../description.ts'
import type { Origin } from './origin.ts'
import { origin } from './origin.ts'
import type { Trial } from './trial.ts'

/** Header fields by name; a list has a line for each member. */
export type Fields = Readonly<Record<string, string | readonly string[]>>

export function setFields(reply: Reply, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') reply.header(name, value)
    else for (const line of value) reply.append(name, line)
  }
}

/** A page that has these fields each time it is made. `fields` may depend on the number of the run. */
export function pageWith(fields: Fields | ((run: number) => Fields), status = 200): Origin {
  return origin(({ reply }, run) => {
    reply.status(status)
    setFields(reply, typeof fields === 'function' ? fields(run) : fields)
    return `run ${run}`
  })
}

/** The date so many seconds from now, as header fields have it. */
export function dateIn(trial: Trial, seconds: number): string {
  return new Date(trial.clock.now() + seconds * 1000).toUTCString()
}
