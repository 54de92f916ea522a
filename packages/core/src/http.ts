/** For adapter authors: a mount decides, an adapter carries out. */
export { drain } from './cache/drain.ts'
export { currentFillScope, enterScopeLater, type FillScope, runInScope, type Scope } from './cache/scope.ts'
export { warnOnce } from './cache/warnings.ts'
export { appendCacheStatus } from './http/cache-status.ts'
export type { Capture } from './http/capture.ts'
export { ClientConditions, replaceConditions } from './http/client-conditions.ts'
export { isBodyField } from './http/conditional.ts'
export {
  createEndpoint,
  type EndpointOptions,
  type EndpointRequest,
  type EndpointResponse,
  type WebhookOptions,
  type WebhookRequest,
} from './http/endpoint.ts'
export { endpointCache } from './http/endpoint-cache.ts'
export { defaultEndpointPath, endpointPaths, pathBelow } from './http/endpoint-path.ts'
export { bypassHandle, type CacheHandle, type RequestStatus } from './http/handle.ts'
export type { HeadPlan, PlannedPart } from './http/head-plan.ts'
export { type HeaderLines, linesOf } from './http/headers.ts'
export { Mount } from './http/mount.ts'
export type { KeyOptions, ResponseCacheOptions } from './http/options.ts'
export type { Refill } from './http/refill.ts'
export { type IncomingRequest, isConditionalHeader, pathOf, queryOf } from './http/request.ts'
export {
  hasRepeatedName,
  type StandingHeaders,
  setLines,
  setStoredHead,
  wholeHead,
  withoutLength,
} from './http/standing-headers.ts'
export type { ResponseHead } from './http/storable.ts'
export type { OutgoingResponse } from './http/stored-response.ts'
export { giveUp, type Verdict } from './http/verdict.ts'
