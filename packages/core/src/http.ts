/** For adapter authors: a mount decides, an adapter carries out. */
export { runInScope } from './cache/scope.ts'
export { appendCacheStatus } from './http/cache-status.ts'
export type { Capture, HeadPlan } from './http/capture.ts'
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
export type { CacheHandle, RequestStatus } from './http/handle.ts'
export type { HeaderLines } from './http/headers.ts'
export { Mount } from './http/mount.ts'
export type { KeyOptions, ResponseCacheOptions } from './http/options.ts'
export type { Refill } from './http/refill.ts'
export { type IncomingRequest, isConditionalHeader } from './http/request.ts'
export type { ResponseHead } from './http/storable.ts'
export type { OutgoingResponse } from './http/stored-response.ts'
export type { Verdict } from './http/verdict.ts'
