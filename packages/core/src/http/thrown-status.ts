/** The status that an error says, as those of `http-errors` do; undefined if it says none. */
export function thrownStatus(error: unknown): number | undefined {
  const { status, statusCode } = (error ?? {}) as { status?: unknown; statusCode?: unknown }
  return [status, statusCode].find(isErrorStatus)
}

/** Those for which something stale may stand in (RFC 5861 §4); others are what the handler has to say. */
export function isOutage(status: number): boolean {
  return status === 500 || (status >= 502 && status <= 504)
}

function isErrorStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600
}
