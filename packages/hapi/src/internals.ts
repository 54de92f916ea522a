import type { Request, ResponseObject, Server } from '@hapi/hapi'

/** What hapi's types do not have. */
type Untyped = ResponseObject & {
  readonly contentType: string | null
  readonly settings: { readonly encoding: BufferEncoding }
  readonly _statusCode: boolean
  readonly _processors: { readonly marshal?: unknown }
}

/** As it will go out, with its charset. */
export function contentTypeOf(response: ResponseObject): string | null {
  return (response as Untyped).contentType
}

/** That of its text. */
export function encodingOf(response: ResponseObject): BufferEncoding {
  return (response as Untyped).settings.encoding
}

/** The cookies that are to go out with the response, by name; each is an object of its own. */
export function cookiesOf(request: Request): Readonly<Record<string, object>> {
  return (request as unknown as { readonly _states: Readonly<Record<string, object>> })._states
}

/** These go out, and no others. */
export function restoreCookies(request: Request, kept: Readonly<Record<string, object>>): void {
  const cookies = cookiesOf(request) as Record<string, object>
  for (const name of Object.keys(cookies)) delete cookies[name]
  Object.assign(cookies, kept)
}

/** hapi makes lines of cookies at the very end; these are as good as those, less what is in `except`. */
export function cookieLines(request: Request, except: ReadonlySet<object>): string[] {
  return Object.entries(cookiesOf(request)).flatMap(([name, cookie]) =>
    except.has(cookie) ? [] : ['set-cookie', `${name}=`],
  )
}

/** The application has said the status itself: hapi does not make a 204 of an empty 200. */
export function hasOwnStatus(response: ResponseObject): boolean {
  return (response as Untyped)._statusCode
}

/** The body is made of the source only when the response goes out: a view, a file. */
export function isMadeLate(response: ResponseObject): boolean {
  return (response as Untyped)._processors.marshal !== undefined
}

/** How many extensions have been added so far, by whoever, those of routes included. */
export function extensionCount(server: Server): number {
  return (server as unknown as { readonly _core: { readonly extensionsSeq: number } })._core.extensionsSeq
}
