// What `pnpm mutants` breaks: `find` stands exactly once in `file`, and of the named `cases` one has to fail on each of
// the suites in `on`. An id may end early: `race-tag-` is all of those that begin so.

/** Where each adapter runs the contract. An adapter that joins is put here, and has a list of its own below. */
export const suites = {
  express: 'packages/express/test/contract-5.test.ts',
  koa: 'packages/koa/test/contract-3.test.ts',
  fastify: 'packages/fastify/test/contract.test.ts',
  node: 'packages/node/test/contract.test.ts',
  hapi: 'packages/hapi/test/contract.test.ts',
  hono: 'packages/fetch/test/contract-hono.test.ts',
  fetch: 'packages/fetch/test/contract-bare.test.ts',
  // Not the contract: what no other framework has.
  mounting: 'packages/express/test/mounting.test.ts',
  registering: 'packages/fastify/test/registration.test.ts',
  replies: 'packages/fastify/test/responses.test.ts',
  plugins: 'packages/fastify/test/beside.test.ts',
  closing: 'packages/fastify/test/closing.test.ts',
}

/** For rules of the core that an adapter can get round. */
const everywhere = ['express', 'koa', 'fastify', 'node', 'hapi', 'hono', 'fetch']

/** One adapter is enough to show what breaks in the core, which is the same for all. */
const core = (name, file, find, replace, cases, on = ['express']) => ({
  name: `core: ${name}`,
  file: `packages/core/src/${file}`,
  find,
  replace,
  cases,
  on,
})

const adapter =
  (suite, on = [suite]) =>
  (name, file, find, replace, cases) => ({
    name: `${suite}: ${name}`,
    file: `packages/${suite}/src/${file}`,
    find,
    replace,
    cases,
    on,
  })

const express = adapter('express')
const koa = adapter('koa')
const fastify = adapter('fastify')
const hapi = adapter('hapi')
/** What both of its entries stand on. */
const fetch = adapter('fetch', ['fetch', 'hono'])
const hono = adapter('fetch', ['hono'])
const node = adapter('node')
/** What Express stands on, too. */
const recording = adapter('node', ['node', 'express'])
/** What Express, Koa and Fastify stand on, too. */
const serving = adapter('node', ['node', 'express', 'koa', 'fastify'])

const opensCapture = 'if (!this.#isEnded) capture.abort('

export const mutants = [
  // How a fill ends
  core(
    'store a body of another length than was promised',
    'http/storable.ts',
    'promised === undefined || promised === String(length) ?',
    "promised === undefined || promised !== '' ?",
    ['short-body', 'long-body'],
    everywhere,
  ),
  core(
    'what the handler has removed comes back',
    'http/standing-headers.ts',
    'for (const name of stored.removed) headers.delete(name)',
    '',
    ['removed-lines'],
    everywhere.filter((suite) => suite !== 'fetch'),
  ),
  core(
    'a 404 on a refill keeps the entry',
    'http/storable.ts',
    "effect: 'remove', isNature: false }",
    "effect: 'keep', isNature: false }",
    ['refill-404'],
  ),
  core(
    'a 503 on a refill removes the entry',
    'http/storable.ts',
    'status >= 500 || failures.has(status)',
    'failures.has(status)',
    ['refill-503'],
  ),
  core('a failed refill is tried again at once', 'cache/engine.ts', 'now >= entry.retryAt && ', '', [
    'refill-backs-off',
  ]),
  core(
    'a refill that never came to the cache is still waited for',
    'http/refill.ts',
    "() => this.fail(new Error('The refill ended before it reached the cache'))",
    '() => {}',
    ['limited-refill'],
  ),
  core(
    'an earlier fill comes behind a later one',
    'cache/fills.ts',
    'if (other.sequence < fill.sequence) other.isSuperseded = true',
    'if (other.sequence < fill.sequence) other.isSuperseded = false',
    ['overtaken-late-gone', 'refill-too-late'],
  ),
  core(
    'a body over the cap is kept on',
    'http/capture.ts',
    'if (this.#bytes > this.#fields.engine.limits.maxEntryBytes) this',
    'if (this.#bytes < 0) this',
    ['endless-stream'],
  ),
  core(
    'chunks are not copied',
    'http/capture.ts',
    'this.#chunks.push(Uint8Array.prototype.slice.call(chunk))',
    'this.#chunks.push(chunk)',
    ['reused-chunk'],
  ),
  core(
    'bodies are not copied',
    'http/capture.ts',
    'this.#store(head, exactCopy(body))',
    'this.#store(head, body)',
    ['changed-bytes'],
  ),

  // Conditions and HEAD
  core(
    'the handler sees the client’s conditions',
    'http/client-conditions.ts',
    'if (capture.scope.isDecided) this.#hide()',
    '',
    ['not-modified-on-miss'],
    everywhere,
  ),
  core(
    'a refill keeps the conditions of its trigger',
    'http/request.ts',
    '!conditionalHeaders.has(name) && ',
    '',
    ['no-conditions-on-refill', 'no-conditions-between-mounts'],
    everywhere,
  ),
  core(
    'a HEAD is stored as a GET',
    'http/mount.ts',
    "if (request.method === 'HEAD') return pass",
    "if (request.method === '') return pass",
    ['head-before-get'],
    everywhere,
  ),
  core(
    'a 304 without a look at the ETag',
    'http/conditional.ts',
    'return etag !== undefined && etags.some((candidate) => etagsMatchWeakly(candidate, etag))',
    'return true',
    ['not-modified-on-hit'],
  ),
  core(
    'a range request is answered whole',
    'http/bypass.ts',
    "if (headers.range !== undefined) return 'range'",
    '',
    ['range-cold'],
  ),

  // One fill for all who ask
  core(
    'take any leader’s result',
    'http/mount.ts',
    "const isMarked = ledger.isMarked(entry.version, position, entry, 'hard', at)",
    'const isMarked = false',
    ['race-late-tag-'],
    everywhere,
  ),
  core(
    'join a flight whatever was invalidated since',
    'http/mount.ts',
    "return fills.canJoin(flight, found, 'hard', pathLabels(request.target)) ? flight : undefined",
    'return flight',
    ['race-tag-', 'race-path-'],
  ),
  core(
    'everyone runs the handler',
    'http/mount.ts',
    'return flight === undefined ? this.#lead(request, found, true) : this.#follow(request, found, flight)',
    'return this.#lead(request, found, flight === undefined)',
    ['collapse'],
  ),
  core(
    'who waits gets what was refused',
    'http/mount.ts',
    "if (landing === undefined || landing.how === 'refused' || flight.isWithdrawn) break",
    'if (landing === undefined || flight.isWithdrawn) break',
    ['refused-leader'],
  ),
  core(
    'nobody is held for 200 ms only',
    'http/mount.ts',
    'const undecidedWaitMs = 200',
    'const undecidedWaitMs = 20_000',
    ['undecided-wait', 'long-poll'],
  ),
  core(
    'what a route has done before is forgotten',
    'http/mount.ts',
    'this.#options.isOptedIn || entry !== undefined || history.get(key)?.isDecided === true',
    'this.#options.isOptedIn',
    ['opted-in-before'],
  ),
  core(
    'a tag that comes too late changes nothing',
    'cache/engine.ts',
    'fill.scope.withdraw = () => this.#withdraw(key, sequence)',
    '',
    ['tag-after-the-end'],
    everywhere,
  ),
  core('refills are not bounded', 'cache/background.ts', 'return this.#slots < this.#limit', 'return true', [
    'refill-bound',
  ]),
  core('each stale request starts a refill', 'cache/engine.ts', '&& !this.fills.hasFlight(key)', '', [
    'stale-then-fresh',
  ]),

  // Where the cache stands
  core(
    'look up before an inner mount’s guard: the outer mount does not cede',
    'http/mount.ts',
    'outer?.cede()',
    '',
    ['inner-owns'],
    ['express', 'koa', 'node', 'hono', 'fetch'],
  ),
  core(
    'look up before an inner mount’s guard: what was ceded is forgotten',
    'http/mount.ts',
    'if (nature?.isCeded) return stayOut()',
    '',
    ['inner-owns-at-once'],
  ),
  core('the key is without the host', 'http/lookup.ts', "isByHost ? authority : ''", "''", ['two-hosts']),
  core(
    'the key is without the Host line where that differs',
    'http/lookup.ts',
    'host: isByHost ? otherHost(request) : undefined,',
    'host: undefined,',
    ['forwarded-host-beside'],
    ['express', 'koa', 'fastify'],
  ),
  core(
    'only what the framework makes of a Host has to be one',
    'http/host.ts',
    '[authority, ...said].every(isPlain)',
    'isPlain(authority)',
    ['odd-host'],
    ['koa'],
  ),
  core(
    'a query ends at a second question mark',
    'http/request.ts',
    "return query < 0 ? '' : target.slice(query + 1)",
    "return query < 0 ? '' : target.split('?', 2)[1]",
    ['query-names-second', 'endpoint-second'],
    ['express', 'koa'],
  ),
  core('the key is without the mount', 'http/lookup.ts', 'mount: name,', "mount: '',", ['two-mounts']),
  core(
    'Vary is ignored',
    'http/variants.ts',
    "return [...new Set([...known, ...(members === '*' ? [] : members)])].sort()",
    'return []',
    ['vary-encoding'],
  ),
  core(
    'Vary on anything is stored',
    'http/storable.ts',
    'return name === undefined ? undefined : nature(',
    'if (keyHeaders) return undefined\n  return nature(',
    ['vary-language', 'vary-star'],
  ),
  core(
    'the handler sees what is not in the key',
    'http/mount.ts',
    'target: keyedTarget(request.target, this.#options.query) }',
    'target: request.target }',
    ['query-names'],
    everywhere,
  ),

  // Whose it is
  core(
    'ignore Set-Cookie',
    'http/storable.ts',
    "if (hasOwnCookie(cookiesBelow(head), options)) return nature('set-cookie')",
    '',
    ['cookie-below', 'set-cookie-below'],
    everywhere,
  ),
  core(
    'ignore Authorization',
    'http/bypass.ts',
    'return headers.authorization !== undefined && ',
    'return headers.authorization === false && ',
    ['request-authorization'],
  ),
  core(
    'ignore cookies of the request',
    'http/bypass.ts',
    "if (headers.cookie !== undefined && !areCookiesHarmless(headers.cookie, options)) return 'cookie'",
    '',
    ['request-cookie'],
  ),
  core(
    'forget who is authenticated above',
    'http/bypass.ts',
    "if (request.isAuthenticated && !options.isShared) return 'authenticated'",
    '',
    ['authenticated-above'],
  ),
  core(
    'forget who logs in below',
    'http/storable.ts',
    'if (head.isAuthenticated && !options.isShared)',
    'if (head.isAuthenticated && options.isShared)',
    ['login-below'],
  ),
  core('keep request ids and rate limits', 'http/own-lines.ts', ' || isPerRequestHeader(name)', '', [
    'per-request-below',
  ]),
  core(
    'keep what belongs to a connection',
    'http/own-lines.ts',
    ' || hopByHop.has(name) || named.has(name)',
    '',
    ['hop-by-hop'],
  ),
  core(
    'store what carries a nonce',
    'http/storable.ts',
    "if (hasNonce(head.lines)) return nature('csp-nonce')",
    '',
    ['csp-nonce'],
  ),
  core(
    'store one origin for all',
    'http/storable.ts',
    "return hasUnvariedOrigin(head) ? nature('cors-origin') : undefined",
    'return undefined',
    ['cors-origin'],
  ),

  // Opting in
  core(
    'store what nobody asked for',
    'http/storable.ts',
    "return isOptedIn ? undefined : nature('not-opted-in')",
    'return isOptedIn ? undefined : undefined',
    ['no-opt-in'],
  ),
  core('store what says no-store', 'http/storable.ts', "if (noStore) return nature('no-store')", '', [
    'veto-no-store',
  ]),
  core(
    'store what is made of a stale value',
    'cache/obtain.ts',
    '  outer?.consume(entry, engine, now)\n  refuseStale(engine, entry, outer)',
    '  outer?.consume(entry, engine, now)',
    ['stale-nested-undecided'],
  ),
  core(
    'a decided response takes a stale value',
    'cache/obtain.ts',
    "freshness === 'stale' && !outer?.isDecided",
    "freshness === 'stale'",
    ['stale-nested-decided'],
  ),

  // Refills and stopping
  core(
    'a refill keeps the async context of its trigger',
    'http/refill.ts',
    'runOutside(async () => dispatch(this))',
    '(async () => dispatch(this))()',
    ['refill-context'],
    everywhere,
  ),
  core(
    'a closed cache does not wait',
    'cache/engine.ts',
    '    this.isEnabled = false\n    await this.drain()',
    '    this.isEnabled = false',
    ['close-waits-for-refills'],
  ),
  core(
    'a closed cache goes on',
    'cache/engine.ts',
    '    this.isEnabled = false\n    await this.drain()',
    '    await this.drain()',
    ['close-waits-for-refills'],
  ),
  core(
    'a closed cache waits for ever',
    'cache/engine.ts',
    'await Promise.race([this.background.idle(), timeout])',
    'await this.background.idle()',
    ['close-gives-up'],
  ),
  core('timers hold the process', 'cache/clock.ts', 'timer.unref?.()', '', ['holds-no-process']),

  // The endpoint
  core(
    'the endpoint asks for no secret',
    'http/endpoint.ts',
    '    if (!isAuthorized(request.headers)) throw unauthorized()\n    const asked',
    '    const asked',
    ['endpoint-no-secret', 'endpoint-wrong-secret'],
  ),

  // Node, and what Express and Koa take of it
  recording(
    'drop the header baseline',
    'capture.ts',
    'this.#baseline = headerLines(response)',
    'this.#baseline = []',
    ['outer-headers'],
  ),
  recording(
    'store on close instead of a complete finish',
    'capture.ts',
    `${opensCapture}new Error('The response was closed before it was complete'))`,
    'if (!this.#isEnded) capture.end()',
    ['cut-body', 'disconnect-on-miss'],
  ),
  recording(
    'a slow first reader holds up the others',
    'capture.ts',
    'return this.#capture.isRecording || isReady',
    'return isReady',
    ['slow-first-reader'],
  ),
  recording(
    'headers given to writeHead are not seen',
    'head.ts',
    'setWriteHeadHeaders(response, headers as Record<string, string> | undefined)',
    '',
    ['cookie-every-way'],
  ),
  serving(
    'no scope around the handler',
    'serve.ts',
    'runInScope(capture.scope, () => recorder.run(() => exchange.next()))',
    'recorder.run(() => exchange.next())',
    ['opt-in-cache-life', 'nested-tags'],
  ),
  serving(
    'no scope around a handler that the cache passes by',
    'serve.ts',
    'return runInScope(verdict.scope, () => exchange.next())',
    'return exchange.next()',
    ['labels-on-a-bypass'],
  ),
  serving(
    'what other caches say in Cache-Status is lost',
    'cache-status.ts',
    'appendCacheStatus(others.get(response), ours)',
    'ours',
    ['cache-status-of-others'],
  ),
  // Koa makes a 304 of it by itself.
  adapter('node', ['node', 'express', 'fastify'])(
    'the 304 on a miss is left out',
    'head.ts',
    'if (!isNotModified) return',
    'return',
    ['not-modified-on-miss'],
  ),
  serving('a refill has no peer', 'redispatch.ts', 'connectionOf(origin), {', 'connectionOf(undefined), {', [
    'refill-peer',
  ]),
  serving('a refill is not by TLS', 'redispatch.ts', "  'encrypted',\n", '', ['refill-tls']),
  serving(
    'the socket of a refill is full',
    'redispatch.ts',
    'writableHighWaterMark: Number.MAX_SAFE_INTEGER,\n',
    '',
    ['refill-over-cap'],
  ),
  node(
    'forget isAuthenticated',
    'response-cache.ts',
    'isAuthenticated: () => isLoggedIn(request)',
    'isAuthenticated: () => false',
    ['login-below', 'authenticated-above'],
  ),
  serving(
    'a login is seen in one of two places',
    'logged-in.ts',
    'Boolean(request.user || request.auth)',
    'Boolean(request.user)',
    ['login-every-way'],
  ),
  node(
    'a refill goes past what stands around the cache',
    'response-cache.ts',
    'serverOf(request) ?? (front as RequestListener)',
    'front as RequestListener',
    ['is-refill', 'limited-refill'],
  ),
  node(
    'what a proxy says is not in the key',
    'response-cache.ts',
    'headers: [...forwardingHeaders, ...(key?.headers ?? [])]',
    'headers: key?.headers ?? []',
    ['forwarded-host-trusted'],
  ),

  // Express
  express(
    'forget isAuthenticated',
    'exchange.ts',
    'isAuthenticated: () => isLoggedIn(request)',
    'isAuthenticated: () => false',
    ['login-below', 'authenticated-above'],
  ),
  express(
    'the pattern of the route is lost',
    'exchange.ts',
    'route: () => routeOf(request)',
    'route: () => undefined',
    ['route-pattern'],
  ),
  express(
    'an untrusted proxy is believed',
    'exchange.ts',
    "isTrusted(request.socket.remoteAddress, 0) ? request.get('x-forwarded-host') : undefined",
    "isTrusted(undefined, 0) || request.get('x-forwarded-host')",
    ['forwarded-host-untrusted'],
  ),
  express(
    'the key is without what a group cuts off',
    'exchange.ts',
    'target: request.originalUrl',
    'target: request.url',
    ['revalidate-path-from-a-handler', 'refill-identity'],
  ),
  {
    ...adapter('node', ['mounting'])(
      'a refill that has come by another path is taken',
      'serve.ts',
      'return isAstray ? undefined : refill',
      'return isAstray ? refill : refill',
      ['an application that a router, not an application, mounts'],
    ),
    name: 'express: a refill that has come by another path is taken',
  },
  express(
    'the endpoint takes what is meant for its neighbours',
    'index.ts',
    'return pathBelow(request.path, path ?? defaultEndpointPath)',
    'return request.path',
    ['endpoint-path-option'],
  ),

  // Koa
  koa(
    'drop the header baseline',
    'context-recorder.ts',
    'this.#baseline = headerLines(ctx.res)',
    'this.#baseline = []',
    ['outer-headers'],
  ),
  koa(
    'store on close instead of a complete finish',
    'context-recorder.ts',
    'if (ctx.res.destroyed) this.capture.abort(error)\n      else this.capture.fail(error)',
    'this.capture.end()',
    ['cut-body'],
  ),
  koa(
    'forget isAuthenticated',
    'index.ts',
    'isAuthenticated: () => Boolean(ctx.state.user) || isLoggedIn(ctx.req)',
    'isAuthenticated: () => false',
    ['login-below', 'authenticated-above'],
  ),
  koa(
    'a slow first reader holds up the others',
    'recorded-body.ts',
    'readableHighWaterMark: capture.maxBytes,',
    '',
    ['slow-first-reader'],
  ),
  koa('the pattern of the route is lost', 'index.ts', 'route: () => routeOf(ctx)', 'route: () => undefined', [
    'route-pattern',
  ]),
  koa('the key is without what a mount cuts off', 'index.ts', 'target: ctx.originalUrl', 'target: ctx.url', [
    'revalidate-path-from-a-handler',
  ]),
  koa('a hit loses its status', 'send.ts', '  ctx.status = status\n  if (!hasType)', '  if (!hasType)', [
    'statuses-option',
  ]),

  // Fastify
  fastify(
    'drop the header baseline',
    'recorder.ts',
    'this.#baseline = linesOf(reply.getHeaders())',
    'this.#baseline = []',
    ['outer-headers'],
  ),
  fastify(
    'store on end instead of a complete finish',
    'recorded-stream.ts',
    'else capture.fail(error)',
    'else capture.end()',
    ['cut-body'],
  ),
  fastify(
    'a slow first reader holds up the others',
    'recorder.ts',
    'return this.capture.isRecording || isReady',
    'return isReady',
    ['slow-first-reader'],
  ),
  fastify('look up before authentication', 'index.ts', "hook = 'preHandler'", "hook = 'onRequest'", [
    'hit-after-',
  ]),
  fastify(
    'the outermost plugin owns',
    'registration.ts',
    'registrations.get(app) ?? innermost(Object.getPrototypeOf(app))',
    'innermost(Object.getPrototypeOf(app)) ?? registrations.get(app)',
    ['inner-opts-out'],
  ),
  adapter('fastify', ['registering'])(
    'the position is that of the handler, not of the first hook',
    'registration.ts',
    'position: this.#place.mount.position,',
    'get position() { return registration.#place.mount.position },',
    ['what a hook has read before an invalidation'],
  ),
  fastify(
    'forget isAuthenticated',
    'exchange.ts',
    'isAuthenticated: () => isAuthenticated(request),',
    'isAuthenticated: () => false,',
    ['login-below', 'authenticated-above'],
  ),
  fastify(
    'cookies that come late are not seen',
    'late-lines.ts',
    "...cookies.map((cookie) => ['set-cookie', cookie])",
    '',
    ['cookie-every-way'],
  ),
  fastify(
    'the pattern of the route is lost',
    'exchange.ts',
    'route: () => request.routeOptions.url,',
    'route: () => undefined,',
    ['route-pattern'],
  ),
  adapter('fastify', ['plugins'])(
    'what a plugin that came first makes of responses is stored',
    'hooks.ts',
    'if (index > 0) hooks',
    'if (index < 0) hooks',
    ['a hook that changes what is sent works once'],
  ),
  fastify(
    'a stopped server does not wait for refills',
    'index.ts',
    "app.addHook('preClose', () => drain(cache))",
    '',
    ['stop-waits-for-refills'],
  ),
  adapter('fastify', ['replies'])(
    'what is hijacked is stored',
    'recorder.ts',
    'if (!isAnswer || this.#isPastFastify) {',
    'if (!isAnswer) {',
    ['by a hook, after the handler has answered', 'what is hijacked is not stored'],
  ),
  adapter('fastify', ['plugins'])(
    'guards that a plugin adds later are skipped on hits',
    'hooks.ts',
    'app.after(() => {\n    route[name] = [route[name] ?? [], handler].flat() as preHandlerHookHandler[]\n  })',
    'route[name] = [route[name] ?? [], handler].flat() as preHandlerHookHandler[]',
    ['a guard that a plugin puts on each route'],
  ),
  adapter('fastify', ['closing'])(
    'refills end after what handlers need',
    'index.ts',
    "app.addHook('preClose', () => drain(cache))",
    "app.addHook('onClose', () => drain(cache))",
    ['refills end before plugins close what handlers need'],
  ),

  // hapi
  hapi(
    'drop the header baseline',
    'head.ts',
    'this.#baseline = nodeHeaders(request)',
    'this.#baseline = {}',
    ['outer-headers'],
  ),
  hapi(
    'store on close instead of a complete finish',
    'recorder.ts',
    'else this.#capture.fail(error)',
    'else this.#capture.end()',
    ['cut-body', 'disconnect-on-miss'],
  ),
  hapi('look up before authentication', 'index.ts', "hook = 'onPreHandler'", "hook = 'onRequest'", [
    'hit-after-',
  ]),
  hapi('look up before the guard of a route', 'index.ts', "hook = 'onPreHandler'", "hook = 'onPreAuth'", [
    'hit-after-guard',
  ]),
  hapi(
    'the outermost plugin owns',
    'application.ts',
    'return this.#registrations.get(realm) ?? this.#registrationOf(realm.parent)',
    'return this.#registrationOf(realm.parent) ?? this.#registrations.get(realm)',
    ['inner-opts-out'],
  ),
  hapi(
    'forget who is authenticated above',
    'serve.ts',
    'isAuthenticated: isAuthenticated(request),',
    'isAuthenticated: false,',
    ['authenticated-above'],
  ),
  hapi(
    'forget who logs in below',
    'head.ts',
    'isAuthenticated: isAuthenticated(this.#request),',
    'isAuthenticated: false,',
    ['login-below'],
  ),
  hapi('cookies of hapi’s own are not seen', 'head.ts', '...cookies]', ']', [
    'cookie-below',
    'cookie-every-way',
  ]),
  hapi('no scope around the handler', 'serve.ts', 'journey.setScope(capture.scope)', '', [
    'opt-in-cache-life',
  ]),
  hapi(
    'a slow first reader holds up the others',
    'flow.ts',
    'return capture.isRecording || isReady',
    'return isReady',
    ['slow-first-reader'],
  ),
  hapi('the pattern of the route is lost', 'head.ts', 'route: route.path,', 'route: undefined,', [
    'route-pattern',
  ]),
  hapi(
    'a refill has no connection',
    'redispatch.ts',
    'Object.assign(req.socket, connections.get(mark as object))',
    '',
    ['refill-tls'],
  ),
  hapi(
    'a stopped server does not wait for refills',
    'index.ts',
    '(closeCache ? cache.close() : drain(cache))',
    '{}',
    ['stop-waits-for-refills'],
  ),

  // fetch
  hono(
    'drop the header baseline',
    'hono.ts',
    'baseline: () => headerLines(c.newResponse(null, 200).headers)',
    'baseline: () => []',
    ['outer-headers'],
  ),
  hono(
    'forget isAuthenticated',
    'hono.ts',
    "isAuthenticated: () => Boolean(c.get('user') || c.get('jwtPayload'))",
    'isAuthenticated: () => false',
    ['login-below', 'authenticated-above'],
  ),
  hono(
    'a login is seen in one of two places',
    'hono.ts',
    "c.get('user') || c.get('jwtPayload')",
    "c.get('user')",
    ['login-every-way'],
  ),
  hono('the pattern of the route is lost', 'hono.ts', 'route: () => patternOf(c)', 'route: () => undefined', [
    'route-pattern',
  ]),
  hono(
    'what other caches say in Cache-Status is lost',
    'cache-status.ts',
    'appendCacheStatus(headers.get(name) ?? undefined, ours)',
    'ours',
    ['cache-status-of-others'],
  ),
  fetch(
    'store on close instead of a complete finish',
    'recorded-stream.ts',
    'capture.fail(error)\n          throw error',
    'capture.end()\n          throw error',
    ['cut-body'],
  ),
  fetch(
    'store what the client did not wait for',
    'recorded-stream.ts',
    'if (!isOver) capture.abort(reason)',
    'if (!isOver) capture.end()',
    ['disconnect-on-miss'],
  ),
  fetch('a slow first reader holds up the others', 'recorded-stream.ts', 'capture.isRecording ? 0 : 1', '1', [
    'slow-first-reader',
  ]),
  fetch(
    'no scope around the handler',
    'recording.ts',
    'runInScope(capture.scope, () => this.#exchange.run(this.#request, capture.handle))',
    'this.#exchange.run(this.#request, capture.handle)',
    ['opt-in-cache-life'],
  ),
  fetch(
    'the outer mount does not hear of the inner one',
    'incoming.ts',
    'outer: journey.recording?.capture,',
    'outer: undefined,',
    ['inner-owns'],
  ),
]
