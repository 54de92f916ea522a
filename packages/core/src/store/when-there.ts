import type { MaybePromise } from '../cache/tier.ts'

/** At once where nobody has to be waited for. */
export function whenThere<T, U>(value: MaybePromise<T>, use: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(use) : use(value)
}
