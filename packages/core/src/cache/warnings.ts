/** Subjects of one code that are warned about: clients may be able to make up subjects, but silence no other code. */
const maxSubjects = 100
const said = new Map<string, Set<string>>()

/** Warns once per `code` and `subject` through `process.emitWarning`. */
export function warnOnce(code: string, subject: string, message: string): void {
  const subjects = said.get(code) ?? new Set()
  if (subjects.has(subject) || subjects.size >= maxSubjects) return
  said.set(code, subjects.add(subject))
  globalThis.process?.emitWarning?.(message, { type: 'RestaleWarning', code })
}

const reasonsPage = 'https://github.com/restale/restale/blob/main/docs/opting-in.md#why-was-it-not-cached'

/** What to do about the reasons that one meets first. */
const hints: Readonly<Record<string, string>> = {
  'not-opted-in': ' (call cacheLife() before the response is sent, or give the route `life`)',
  cookie: " (the request has cookies; say cookies: 'ignore' where no handler looks at them)",
  authorization: ' (the request has credentials, and the response does not say that it is public)',
}

/** In development only, one line for each `subject` and reason: why `shown` was not cached. */
export function explainOnce(subject: string, reason: string, shown = subject): void {
  if (globalThis.process?.env?.NODE_ENV !== 'development') return
  const message = `${shown} was not cached: ${reason}${hints[reason] ?? ''}. See ${reasonsPage}`
  warnOnce('RESTALE_NOT_CACHED', `${subject} ${reason}`, message)
}

/** With the stack, where there is one: whoever reads the warning has nothing else. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message
  try {
    return String(error)
  } catch {
    return 'something that cannot be turned into a string'
  }
}
