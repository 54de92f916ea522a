import type { ServerResponse } from 'node:http'

interface HandlerWatcher {
  /** A head goes out past Koa. */
  onSent(): void
  /** The client has left. */
  onLeft(): void
}

/** Watches a response while a handler runs, until the returned function is called. */
export function watchHandler(response: ServerResponse, { onSent, onLeft }: HandlerWatcher): () => void {
  const isOwn = Object.hasOwn(response, 'writeHead')
  const { writeHead } = response
  let isOver = false
  const watched = ((status: number, ...rest: unknown[]) => {
    if (!isOver && status >= 200) onSent()
    return Reflect.apply(writeHead, response, [status, ...rest])
  }) as typeof writeHead
  response.writeHead = watched
  response.once('close', onLeft)
  return () => {
    isOver = true
    response.off('close', onLeft)
    if (response.writeHead !== watched) return
    if (isOwn) response.writeHead = writeHead
    else Reflect.deleteProperty(response, 'writeHead')
  }
}
