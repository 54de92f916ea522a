import { createRequire } from 'node:module'
import type { Country } from 'world-countries'

/**
 * The package ships CommonJS under types that say `export default`: what TypeScript takes for `countries.default`
 * is the list itself. `require` gives it as it is.
 */
export function readCountries(): readonly Country[] {
  return createRequire(import.meta.url)('world-countries')
}
