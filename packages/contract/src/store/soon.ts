import { within } from '../harness/waiting.ts'

const soonMs = 3_000

/** What `act` gives, if it gives it soon. */
export function soon<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  return within(soonMs, what, Promise.resolve().then(act))
}
