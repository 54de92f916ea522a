/** What adapters of frameworks on `node:http` stand on. */
export { type EndpointHandler, endpointHandler } from './endpoint.ts'
export { isRefill } from './redispatch.ts'
export { type Exchange, serve } from './serve.ts'
