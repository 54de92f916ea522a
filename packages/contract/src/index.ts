/** The suites that define a correct adapter. */
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
  type Part,
  type Reply,
  type Route,
  type Serve,
  type Served,
} from './description.ts'
