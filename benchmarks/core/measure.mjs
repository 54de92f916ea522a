// Nanoseconds of a short operation, by mitata: the median of its samples.
import { do_not_optimize, measure } from 'mitata'
import { rounded } from '../lib/results.mjs'

/** @param {() => unknown} operation may give a promise, which is awaited */
export async function nanoseconds(operation) {
  const isAsync = operation() instanceof Promise
  const kept = isAsync ? async () => do_not_optimize(await operation()) : () => do_not_optimize(operation())
  const { p50 } = await measure(kept, { min_cpu_time: 300e6 })
  return rounded(p50)
}

/** For what changes what it is done to: milliseconds of each single one. */
export function milliseconds(count, operation) {
  return Array.from({ length: count }, (_, index) => {
    const since = performance.now()
    operation(index)
    return performance.now() - since
  })
}

/** The last line of a program's output is what it has measured. */
export const report = (results) => console.log(JSON.stringify(results))
