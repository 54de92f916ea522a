import { describeValue } from '../state/describe.ts'
import { CacheError } from './errors.ts'

/**
 * A misspelt option would silently leave its default in force.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION` if `options` is no object, or has a name that is not one of `names`
 */
export function checkOptionNames(where: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${where} must be an object, got ${describeValue(options)}.`)
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw invalid(`${where} cannot have "${name}": there are ${names.join(', ')}.`)
    }
  }
}

function invalid(message: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', message)
}
