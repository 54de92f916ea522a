import { text } from 'node:stream/consumers'
import Router from '@koa/router'
import type { Cache } from '@restale/core'
import { responseCache, revalidateEndpoint } from '@restale/koa'
import Koa from 'koa'
import type { Recipes } from './recipes.ts'

export function createApp(cache: Cache, recipes: Recipes, secret: string): Koa {
  const router = new Router({ prefix: '/recipes' })

  // Opted in by its options. Its tag is that of the function that it calls.
  router.get('/:id', responseCache(cache, { life: 'minutes' }), async (ctx) => {
    ctx.body = (await recipes.get(String(ctx.params.id))) ?? ctx.throw(404, 'There is no such recipe')
  })

  // `updateTag`, in there, has expired the old answers before this one goes out: who writes, reads it.
  router.put('/:id', async (ctx) => {
    await recipes.save(String(ctx.params.id), await text(ctx.req))
    ctx.status = 204
  })

  const app = new Koa()
  app.use(revalidateEndpoint(cache, { secret }))
  app.use(router.routes())
  return app
}
