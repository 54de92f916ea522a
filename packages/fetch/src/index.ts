import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'

export { cacheOf, isRefill } from './journey.ts'
export { type FetchHandler, responseCache } from './response-cache.ts'
export { revalidateEndpoint } from './revalidate-endpoint.ts'
export type { CacheHandle, EndpointOptions, ResponseCacheOptions }
