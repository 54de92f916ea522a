/** Never throws: objects and functions may refuse to be turned into strings. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : `${typeof value} ${String(value)}`
}
