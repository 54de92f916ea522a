/** Every code a `CacheError` can carry. Each has a heading of the same name in `docs/errors.md`. */
export const errorCodes = [
  'ERR_RESTALE_INVALID_OPTION',
  'ERR_RESTALE_INVALID_LIFE',
  'ERR_RESTALE_UNKNOWN_PROFILE',
  'ERR_RESTALE_INVALID_TAG',
  'ERR_RESTALE_INVALID_PATH',
  'ERR_RESTALE_INVALID_ARGUMENT',
  'ERR_RESTALE_DUPLICATE_KEY',
  'ERR_RESTALE_TIMEOUT',
  'ERR_RESTALE_NO_SCOPE',
  'ERR_RESTALE_INVALIDATION_IN_SCOPE',
  'ERR_RESTALE_MISSING_SECRET',
  'ERR_RESTALE_WEAK_SECRET',
  'ERR_RESTALE_RAW_BODY_REQUIRED',
  'ERR_RESTALE_WEBHOOK_REJECTED',
] as const

export type CacheErrorCode = (typeof errorCodes)[number]

const helpPage = 'https://github.com/restale/restale/blob/main/docs/errors.md'

/**
 * The one error class. `code` says which rule was broken, `help` links to the paragraph that explains it,
 * `cause` carries what another library threw, if anything did.
 */
export class CacheError extends Error {
  readonly code: CacheErrorCode
  readonly help: string

  constructor(code: CacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CacheError'
    this.code = code
    this.help = `${helpPage}#${code.toLowerCase()}`
  }
}
