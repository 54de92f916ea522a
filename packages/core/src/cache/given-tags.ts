import { describeValue } from '../state/describe.ts'

/**
 * What a user's tags function gave, if it is a list. A string would be taken for a list of its characters, and
 * a promise comes too late to be one.
 */
export function givenTags(given: unknown): readonly unknown[] {
  if (Array.isArray(given)) return given
  // Nobody else waits for it, and its failure must not end the process.
  if (given instanceof Promise) given.catch(() => {})
  throw new TypeError(`it gave ${describeValue(given)} instead of a list`)
}
