/** What runtimes put on a request beside what the standard says: of the connection, not of what is asked. */
const runtimeFields = ['cf', 'ip', 'runtime', 'waitUntil'] as const

/** The same request at another URL. It has no body: those that have one go past the cache. */
export function requestAt(request: Request, url: string): Request {
  const init = { method: request.method, headers: request.headers, signal: request.signal }
  return withRuntimeFields(construct(request, url, init), request)
}

/** With this method and these headers, and with nobody who could abort it. */
export function requestAgain(request: Request, method: string, headers: Headers): Request {
  return withRuntimeFields(construct(request, request.url, { method, headers }), request)
}

/** Next.js has a class of its own, which takes what `Request` takes. */
function construct(request: Request, url: string, init: RequestInit): Request {
  const Class = 'nextUrl' in request ? (request.constructor as typeof Request) : Request
  return new Class(url, init)
}

function withRuntimeFields(copy: Request, request: Request): Request {
  for (const name of runtimeFields) {
    if (!(name in request) || name in copy) continue
    const value: unknown = (request as unknown as Record<string, unknown>)[name]
    Object.defineProperty(copy, name, { value, configurable: true, enumerable: true, writable: true })
  }
  return copy
}
