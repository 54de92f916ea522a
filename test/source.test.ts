// Tests run from source: a package that is imported by its name is the same module as its file in src, also when one
// package imports another. Otherwise they would test the last build.
import { expect, test } from 'vitest'

test.each([
  ['@restale/core', () => import('@restale/core'), () => import('../packages/core/src/index.ts')],
  ['@restale/core/http', () => import('@restale/core/http'), () => import('../packages/core/src/http.ts')],
  [
    '@restale/core/standard-webhooks',
    () => import('@restale/core/standard-webhooks'),
    () => import('../packages/core/src/standard-webhooks.ts'),
  ],
  [
    '@restale/core/testing',
    () => import('@restale/core/testing'),
    () => import('../packages/core/src/testing.ts'),
  ],
  ['@restale/contract', () => import('@restale/contract'), () => import('../packages/contract/src/index.ts')],
  ['@restale/node', () => import('@restale/node'), () => import('../packages/node/src/index.ts')],
  ['@restale/express', () => import('@restale/express'), () => import('../packages/express/src/index.ts')],
  ['@restale/fastify', () => import('@restale/fastify'), () => import('../packages/fastify/src/index.ts')],
  ['@restale/fetch', () => import('@restale/fetch'), () => import('../packages/fetch/src/index.ts')],
  ['@restale/fetch/hono', () => import('@restale/fetch/hono'), () => import('../packages/fetch/src/hono.ts')],
  ['@restale/core/store', () => import('@restale/core/store'), () => import('../packages/core/src/store.ts')],
  ['@restale/lmdb', () => import('@restale/lmdb'), () => import('../packages/lmdb/src/index.ts')],
  ['@restale/redis', () => import('@restale/redis'), () => import('../packages/redis/src/index.ts')],
  ['@restale/koa', () => import('@restale/koa'), () => import('../packages/koa/src/index.ts')],
])('%s is loaded from its source', async (_name, byName, byFile) => {
  // one after the other: two imports at once under two names may evaluate a module twice
  const named: object = await byName()
  expect(named).toBe(await byFile())
})
