import { createCache } from '@restale/core'
import { responseCache } from '@restale/koa'

const cache = createCache({ profiles: { shop: { revalidate: 5 } } })

responseCache(cache, { life: 'shop' })
responseCache(cache, { life: 'hours', tags: (ctx) => [ctx.path] })
// @ts-expect-error there is no such profile
responseCache(cache, { life: 'nope' })
responseCache(createCache(), { life: 'hours' })
// @ts-expect-error of another cache
responseCache(createCache(), { life: 'shop' })
