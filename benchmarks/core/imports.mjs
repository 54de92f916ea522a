// Milliseconds that importing takes, an adapter's beyond those of its framework; median of runs in fresh processes.
import { execFileSync } from 'node:child_process'
import { rounded } from '../lib/results.mjs'
import { median } from '../lib/statistics.mjs'
import { report } from './measure.mjs'

const here = new URL('..', import.meta.url)
const runs = 15

function once(modules, last) {
  const before = modules.map((name) => `await import('${name}')`).join(';')
  const program = `${before};const since=performance.now();await import('${last}');console.log(performance.now()-since)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: here }))
}

const times = (modules, last) => Array.from({ length: runs }, () => once(modules, last))
const milliseconds = (modules, last) => rounded(median(times(modules, last)))

report({
  '@restale/core': milliseconds([], '@restale/core'),
  '@restale/node': milliseconds(['node:http'], '@restale/node'),
  '@restale/express': milliseconds(['express'], '@restale/express'),
  '@restale/koa': milliseconds(['koa'], '@restale/koa'),
  '@restale/fastify': milliseconds(['fastify'], '@restale/fastify'),
  '@restale/hapi': milliseconds(['@hapi/hapi'], '@restale/hapi'),
  '@restale/fetch/hono': milliseconds(['hono'], '@restale/fetch/hono'),
  '@restale/lmdb': milliseconds(['@restale/core', 'lmdb'], '@restale/lmdb'),
  '@restale/redis': milliseconds(['@restale/core', 'redis'], '@restale/redis'),
  express: milliseconds(['node:http'], 'express'),
  fastify: milliseconds(['node:http'], 'fastify'),
})
