// The type checks beside `tsc -b`. Without arguments: all of them.
import { tool } from './lib.mjs'

export const typeChecks = {
  build: ['-b'],
  'types of the tests': ['-p', 'tsconfig.test.json'],
  'types with a registered cache': ['-p', 'packages/core/test/register/tsconfig.json'],
  'types of Express with a registered cache': ['-p', 'packages/express/test/register/tsconfig.json'],
  'types of Fastify with a registered cache': ['-p', 'packages/fastify/test/register/tsconfig.json'],
  'types of hapi with a registered cache': ['-p', 'packages/hapi/test/register/tsconfig.json'],
  'types of Koa with a registered cache': ['-p', 'packages/koa/test/register/tsconfig.json'],
  'types of the node adapter with a registered cache': ['-p', 'packages/node/test/register/tsconfig.json'],
  'types of the state ring, no ambient types': ['-p', 'packages/core/tsconfig.state.json'],
}

if (process.argv[1]?.endsWith('types.mjs')) {
  for (const args of Object.values(typeChecks)) {
    const { ok } = await tool('tsc', args)
    if (!ok) process.exitCode = 1
  }
}
