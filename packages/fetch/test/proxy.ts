type Fetch<Args extends unknown[]> = (request: Request, ...args: Args) => Response | Promise<Response>

/** As fetch handlers do it: in front of everything, the URL is made what the client asked the proxy for. */
export function believingProxy<Args extends unknown[]>(fetch: Fetch<Args>): Fetch<Args> {
  return (request, ...args) => {
    const url = new URL(request.url)
    url.host = request.headers.get('x-forwarded-host') ?? url.host
    url.protocol = request.headers.get('x-forwarded-proto') ?? url.protocol
    return fetch(new Request(url, request), ...args)
  }
}
