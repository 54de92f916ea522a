const joined = '`Headers` joins the lines of a name, all but those of Set-Cookie'

/** What no adapter of fetch handlers can do. */
export const cannotOfHeaders = {
  'repeated-lines': joined,
  'added-lines': joined,
}

const nobodyElse = 'a function does not know who has called it, so a refill begins at the cache'
const noRoutes = 'a function has no routes, so nobody knows their patterns'
const noLogin = 'a Request has no place for who is logged in'
const comesLater =
  'functions around a handler set headers on its response when it comes back, so the cache cannot know them'

/** What a handler without a framework cannot do on top. */
export const cannotOfFunctions = {
  ...cannotOfHeaders,
  'is-refill': nobodyElse,
  'refill-context': nobodyElse,
  'limited-refill': nobodyElse,
  'answered-refill': nobodyElse,
  'no-conditions-on-refill': nobodyElse,
  'outer-headers-of-refill': nobodyElse,
  'authenticated-above': noLogin,
  'login-below': noLogin,
  'login-below-collapsed': noLogin,
  'renewed-login': noLogin,
  'removed-lines': comesLater,
  'nonce-above': comesLater,
  'cache-status-of-others': comesLater,
  'route-pattern': noRoutes,
  'route-pattern-from-a-handler': noRoutes,
  'route-pattern-through-the-endpoint': noRoutes,
}
