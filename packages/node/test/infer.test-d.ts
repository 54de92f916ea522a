import { createCache } from '@restale/core'
import { responseCache } from '@restale/node'

const listener = () => {}
const cache = createCache({ profiles: { shop: { revalidate: 5 } } })

responseCache(cache, listener, { life: 'shop' })
responseCache(cache, listener, { life: 'hours', tags: (request) => [request.url ?? ''] })
// @ts-expect-error there is no such profile
responseCache(cache, listener, { life: 'nope' })
responseCache(createCache(), listener, { life: 'hours' })
// @ts-expect-error of another cache
responseCache(createCache(), listener, { life: 'shop' })
