import type { ErrorRequestHandler, RequestHandler } from 'express'

/** An answer that a handler gives by throwing. Its message is for the client. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const notFound: RequestHandler = (req) => {
  throw new HttpError(404, `There is no ${req.method} ${req.path} here`)
}

/** Four parameters, used or not: by their number Express knows that it handles errors. */
export const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error)
  const status = clientStatus(error)
  if (status === undefined) console.error(error)
  res.status(status ?? 500).json({ error: status === undefined ? 'Internal server error' : messageOf(error) })
}

/** The status of errors that are the client's: ours, and those of Express and its body parser. */
function clientStatus(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
