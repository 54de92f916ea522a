/** Each warning appears once in a process, however many caches meet its cause; bounded, then silent. */
const maxWarnings = 1000
const said = new Set<string>()

/** Warns once per `code` and `subject` through `process.emitWarning`. */
export function warnOnce(code: string, subject: string, message: string): void {
  const id = `${code} ${subject}`
  if (said.has(id) || said.size >= maxWarnings) return
  said.add(id)
  globalThis.process?.emitWarning?.(message, { type: 'RestaleWarning', code })
}

/** In development only, one line for each route or function: why it was not cached. */
export function explainOnce(subject: string, reason: string): void {
  if (globalThis.process?.env?.NODE_ENV !== 'development') return
  warnOnce('RESTALE_NOT_CACHED', `${subject} ${reason}`, `${subject} was not cached: ${reason}`)
}
