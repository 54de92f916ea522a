import assert from 'node:assert/strict'
import type { Cache } from '@restale/core'
import type { Endpoint } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places, post } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'
import { quiet } from '../harness/waiting.ts'

interface Way {
  readonly id: string
  readonly title: string
  readonly isHard: boolean
  /** Which of `/posts/1` and `/posts/2` it reaches. */
  readonly reaches: 'first' | 'both'
  readonly call: (cache: Cache, prefix: string) => unknown
  readonly body: (prefix: string) => object
}

const ways: readonly Way[] = [
  {
    id: 'update-tag',
    title: 'updateTag expires at once',
    isHard: true,
    reaches: 'first',
    call: ({ updateTag }) => updateTag('post:1'),
    body: () => ({ tag: 'post:1', expire: 0 }),
  },
  {
    id: 'revalidate-tag-soft',
    title: 'revalidateTag by a profile makes stale',
    isHard: false,
    reaches: 'first',
    call: ({ revalidateTag }) => revalidateTag('post:1', 'max'),
    body: () => ({ tag: 'post:1' }),
  },
  {
    id: 'revalidate-tag-hard',
    title: 'revalidateTag with expire: 0 expires at once',
    isHard: true,
    reaches: 'both',
    call: ({ revalidateTag }) => revalidateTag(['posts', 'others'], { expire: 0 }),
    body: () => ({ tags: ['posts', 'others'], expire: 0 }),
  },
  {
    id: 'revalidate-path',
    title: 'revalidatePath expires one path, in any spelling',
    isHard: true,
    reaches: 'first',
    call: ({ revalidatePath }, prefix) => revalidatePath(`${prefix}/Posts//1/`),
    body: (prefix) => ({ path: `${prefix}/posts/1` }),
  },
  {
    id: 'revalidate-path-layout',
    title: 'revalidatePath of a layout expires all that lies below it',
    isHard: true,
    reaches: 'both',
    call: ({ revalidatePath }, prefix) => revalidatePath(`${prefix}/posts`, 'layout'),
    body: (prefix) => ({ path: `${prefix}/posts`, type: 'layout' }),
  },
]

const secret = 'a secret of the contract'
const endpoint: Endpoint = { kind: 'endpoint', path: '/revalidate', options: { secret } }

export const invalidation: Theme = {
  name: 'invalidation',
  cases: [
    ...ways.map((way) =>
      invalidates(way, 'from a handler', async (_, site) => {
        assert.equal((await site.post('/act')).status, 204)
      }),
    ),
    ...ways.map((way) =>
      invalidates(way, 'through the endpoint', async (_, site) => {
        const response = await askEndpoint(site, way.body(site.prefix))
        assert.equal(response.status, 200)
        assert.equal(JSON.parse(response.body.toString()).revalidated, true)
      }),
    ),
    ...(['', '-from-a-handler', '-through-the-endpoint'] as const).map(invalidatesPattern),
    {
      id: 'revalidate-path-alone',
      title: 'revalidatePath of one path leaves what lies below it alone',
      places,
      async run(trial) {
        const page = origin()
        const routes = [get('/posts/:id', page.handle), get('/posts', page.handle)]
        const site = await trial.site({ routes })
        expectMiss(await site.get('/posts'), 'run 1')
        expectMiss(await site.get('/posts/1'), 'run 2')
        trial.cache.revalidatePath(`${site.prefix}/posts`)
        expectHit(await site.get('/posts/1'), 'run 2')
        expectMiss(await site.get('/posts'), 'run 3')
      },
    },
    {
      id: 'soft-deadline',
      title: 'what a soft call made stale is expired when its time is over, and what came after it is not',
      places,
      async run(trial) {
        const page = origin()
        const options = { tags: ['page'], life: 'days' }
        const routes = [get('/posts/:id', page.handle)]
        const site = await trial.site({ options, routes })
        expectMiss(await site.get('/posts/1'), 'run 1')
        expectMiss(await site.get('/posts/2'), 'run 2')
        trial.cache.revalidateTag('page', { expire: 30 })
        expectStale(await site.get('/posts/1'), 'run 1')
        await trial.settled()
        trial.clock.advance(30_000)
        expectHit(await site.get('/posts/1'), 'run 3')
        expectMiss(await site.get('/posts/2'), 'run 4')
      },
    },
    {
      id: 'tag-after-the-end',
      title: 'a tag that comes when the response is out already takes the response out of the cache',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin((_, run) => {
          if (run === 1) void slow.wait().then(() => trial.cache.cacheTag('late'))
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
        slow.open()
        await quiet()
        expectMiss(await site.get('/page'), 'run 2')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'invalidating-while-opted-in',
      title: 'a handler that has opted in cannot invalidate: it fails, and nothing is stored',
      places,
      async run(trial) {
        const page = origin(async (_, run) => {
          trial.cache.cacheLife(life)
          if (run < 3) await trial.cache.updateTag('other')
          return `run ${run}`
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        for (let run = 1; run <= 2; run++) {
          assert.equal((await site.get('/page')).status, 500)
          assert.equal(page.runs, run)
        }
        expectMiss(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'nested-tags',
      title: 'a response carries the tags of cached functions that it called, also of their hits',
      places,
      async run(trial) {
        const data = trial.cache.cached(() => 'data', { key: 'data', tags: ['data'], life: 'hours' })
        const page = origin(async (_, run) => `${await data()} ${run}`)
        const site = await trial.site({ routes: [get('/page', page.handle), get('/other', page.handle)] })
        expectMiss(await site.get('/page'), 'data 1')
        expectMiss(await site.get('/other'), 'data 2')
        trial.cache.updateTag('data')
        expectMiss(await site.get('/page'), 'data 3')
        expectMiss(await site.get('/other'), 'data 4')
      },
    },
    {
      id: 'tags-of-the-request',
      title: 'a tags function gets the request, with what the framework has parsed of it',
      places: ['route'],
      async run(trial) {
        const page = origin()
        const options = {
          life,
          tags: (request: { params: Record<string, string | undefined>; query: Record<string, unknown> }) => [
            `post:${request.params.id}:${request.query.lang}`,
          ],
        }
        const site = await trial.site({ options, routes: [get('/posts/:id', page.handle)] })
        await site.get('/posts/1?lang=de')
        await site.get('/posts/2?lang=de')
        trial.cache.updateTag('post:1:de')
        expectMiss(await site.get('/posts/1?lang=de'), 'run 3')
        expectHit(await site.get('/posts/2?lang=de'), 'run 2')
      },
    },
    {
      id: 'invalidating-get',
      title: 'a GET that invalidates without opting in works, and is not stored',
      places,
      async run(trial) {
        const page = origin((_, run) => {
          trial.cache.cacheTag('page')
          trial.cache.cacheLife(life)
          return `run ${run}`
        })
        const touch = origin(async () => {
          await trial.cache.updateTag('page')
          return 'touched'
        })
        const routes = [get('/page', page.handle), get('/touch', touch.handle)]
        const site = await trial.site({ options: {}, routes })
        await site.get('/page')
        assert.equal((await site.get('/touch')).status, 200)
        expectMiss(await site.get('/page'), 'run 2')
        await site.get('/touch')
        assert.equal(touch.runs, 2)
      },
    },
  ],
}

function invalidates(way: Way, how: string, act: (trial: Trial, site: Site) => Promise<void>): Case {
  return {
    id: `${way.id}-${how.replaceAll(' ', '-')}`,
    title: `${way.title}, ${how}`,
    places,
    async run(trial) {
      const page = origin(({ request }, run) => {
        trial.cache.cacheTag('posts', `post:${request.params.id}`)
        return `run ${run}`
      })
      let prefix = ''
      const act204 = post('/act', async ({ reply }) => {
        await way.call(trial.cache, prefix)
        reply.status(204)
        return { empty: true }
      })
      const site = await trial.site({ routes: [get('/posts/:id', page.handle), act204], beside: [endpoint] })
      prefix = site.prefix
      expectMiss(await site.get('/posts/1'), 'run 1')
      expectMiss(await site.get('/posts/2'), 'run 2')
      await act(trial, site)
      await expectReached(trial, site, way)
    },
  }
}

/** `how`: what is behind `route-pattern` in the id of the case. */
function invalidatesPattern(how: '' | '-from-a-handler' | '-through-the-endpoint'): Case {
  const title = "revalidatePath of a route's pattern, in the framework's syntax, expires all it answered"
  return {
    id: `route-pattern${how}`,
    title: how === '' ? title : `${title}, ${how.slice(1).replaceAll('-', ' ')}`,
    places,
    async run(trial) {
      const page = origin()
      let pattern = ''
      const act = post('/act', async ({ reply }) => {
        await trial.cache.revalidatePath(pattern)
        reply.status(204)
        return { empty: true }
      })
      const routes = [get('/posts/:id', page.handle), get('/posts', page.handle), act]
      const site = await trial.site({ routes, beside: [endpoint] })
      pattern = site.routePath(`${site.prefix}/posts/:id`)
      for (const [at, path] of ['/posts/1', '/posts/2', '/posts'].entries())
        expectMiss(await site.get(path), `run ${at + 1}`)
      if (how === '') trial.cache.revalidatePath(pattern)
      else if (how === '-from-a-handler') assert.equal((await site.post('/act')).status, 204)
      else assert.equal((await askEndpoint(site, { path: pattern })).status, 200)
      expectMiss(await site.get('/posts/1'), 'run 4')
      expectMiss(await site.get('/posts/2'), 'run 5')
      expectHit(await site.get('/posts'), 'run 3')
    },
  }
}

async function expectReached(trial: Trial, site: Site, { isHard, reaches }: Way): Promise<void> {
  if (isHard) expectMiss(await site.get('/posts/1'), 'run 3')
  else expectStale(await site.get('/posts/1'), 'run 1')
  await trial.settled()
  expectHit(await site.get('/posts/1'), 'run 3')
  if (reaches === 'both') expectMiss(await site.get('/posts/2'), 'run 4')
  else expectHit(await site.get('/posts/2'), 'run 2')
}

/** The endpoint stands at the root, wherever the cache does. */
function askEndpoint(site: Site, body: object): Promise<RawResponse> {
  return site.atRoot().request({
    method: 'POST',
    path: '/revalidate',
    headers: [
      ['Authorization', `Bearer ${secret}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify(body),
  })
}
