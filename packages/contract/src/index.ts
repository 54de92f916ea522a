/** The suites that define a correct adapter, and a correct store. */
export { adapterContract, type ContractOptions } from './adapter-contract.ts'
export {
  type App,
  type Body,
  type CacheOptions,
  type Endpoint,
  type Exchange,
  type Group,
  type Handler,
  type Layer,
  type Mounted,
  type NeutralRequest,
  nativeOptions,
  type Offer,
  type Part,
  type Reply,
  type Route,
  type Serve,
  type Served,
} from './description.ts'
export type { RawRequest } from './harness/connection.ts'
export { inject } from './harness/inject.ts'
export type { HeaderLine, RawResponse } from './harness/response-reader.ts'
export type { OpenStore, StoreOffer, StoreTrial } from './store/description.ts'
export { type StoreContractOptions, storeContract } from './store-contract.ts'
