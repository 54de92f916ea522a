// The layers are fenced by lint rules. A fence that stops working stays silent, so each one is tried here: probes are
// written into an empty tree with this repository's biome.json, and one run of Biome must object to exactly the wrong ones.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const named = (source: string) => `import { probe } from '${source}'\nprobe()\n`
const typed = (source: string) => `import type { Probe } from '${source}'\nexport type P = Probe\n`

/** Per folder: what its files must not import, and what they may. */
const fences: Record<string, { wrong: string[]; right: string[] }> = {
  'packages/core/src': {
    wrong: [
      ...[
        'express',
        'koa',
        'fastify',
        '@hapi/hapi',
        '@restale/node',
        '@restale/core',
        'node:http',
        'node:fs',
      ],
      '../../node/src/index.ts',
    ].map(named),
    right: ['./cache/a.ts', './http/a.ts', './state/a.ts', 'node:crypto'].map(named),
  },
  'packages/core/src/state': {
    wrong: [
      ...['../cache/a.ts', '../index.ts', './../cache/a.ts', './..', 'node:crypto', 'buffer', 'express'].map(
        named,
      ),
      typed('../cache/a.ts'),
      `export * from '../cache/a.ts'\n`,
      `export const probe = await import('../cache/a.ts')\n`,
    ],
    right: [named('./a.ts'), typed('./a.ts')],
  },
  'packages/core/src/cache': {
    wrong: [
      ...[
        '../http/a.ts',
        './../http/a.ts',
        '../index.ts',
        'node:http',
        'node:fs',
        'express',
        'lmdb',
        '@restale/node',
      ].map(named),
      typed('../http/a.ts'),
    ],
    right: [
      ...['./a.ts', '../state/a.ts', 'node:async_hooks', 'node:diagnostics_channel'],
      ...['node:crypto', 'node:buffer'],
    ].map(named),
  },
  'packages/core/src/http': {
    wrong: ['../index.ts', '../http.ts', '../fetch/a.ts', 'node:http', 'express', 'koa', '@restale/node'].map(
      named,
    ),
    right: [
      ...['./a.ts', '../cache/a.ts', '../state/a.ts', 'node:crypto'],
      ...['standardwebhooks', 'structured-headers'],
    ].map(named),
  },
  'packages/core/src/fetch': {
    wrong: ['../index.ts', '../create-cache.ts', 'node:http', 'node:fs', 'undici', '@restale/node'].map(
      named,
    ),
    right: ['./a.ts', '../http/a.ts', '../cache/a.ts', '../state/a.ts', 'node:crypto'].map(named),
  },
  'packages/core/src/store': {
    wrong: [
      '../index.ts',
      '../create-cache.ts',
      '../http/a.ts',
      '../fetch/a.ts',
      'node:fs',
      'lmdb',
      'redis',
    ].map(named),
    right: ['./a.ts', '../cache/a.ts', '../state/a.ts', 'node:crypto', 'node:v8'].map(named),
  },
  'packages/lmdb/src': {
    wrong: ['@restale/core', '@restale/node', 'redis', '../../core/src/index.ts'].map(named),
    right: ['./a.ts', '@restale/core/store', 'lmdb', 'node:fs'].map(named),
  },
  'packages/redis/src': {
    wrong: [
      '@restale/core',
      '@restale/node',
      'redis',
      'ioredis',
      'lmdb',
      'node:fs',
      '../../core/src/index.ts',
    ].map(named),
    right: ['./a.ts', '@restale/core/store', 'node:crypto'].map(named),
  },
  'packages/contract/src': {
    wrong: ['express', '@restale/express', '@restale/node', '@restale/redis', '../../core/src/index.ts'].map(
      named,
    ),
    right: [
      ...['./a.ts', '@restale/core', '@restale/core/store', '@restale/core/testing'],
      ...['fast-check', 'node:http'],
    ].map(named),
  },
  'packages/node/src': {
    wrong: ['express', 'koa', '@restale/express', '@restale/core/store', '../../core/src/http.ts'].map(named),
    right: ['./a.ts', '@restale/core', '@restale/core/http', 'node:http'].map(named),
  },
  'packages/express/src': {
    wrong: [
      ...['express', 'koa', '@restale/core/store', '@restale/contract'].map(named),
      ...['../../core/src/http.ts', '../../node/src/index.ts'].map(named),
      typed('koa'),
      `import express from 'express'\nexpress()\n`,
      `import express, { type Router } from 'express'\nexport const a: Router = express()\n`,
      `import 'express'\n`,
      `export { Router } from 'express'\n`,
      `export * from 'express'\n`,
      `export const probe = await import('express')\n`,
    ],
    right: [
      ...['./a.ts', '@restale/core', '@restale/core/http', '@restale/node'].map(named),
      typed('express'),
      `import type {\n  Probe,\n  Router,\n} from 'express'\nexport type P = Probe | Router\n`,
      `export type { Router } from 'express'\n`,
      typed('node:http'),
    ],
  },
  'packages/koa/src': {
    wrong: [
      ...['koa', 'express', '@restale/express', '@restale/contract', '../../node/src/index.ts'].map(named),
      typed('express'),
    ],
    right: [...['./a.ts', '@restale/core/http', '@restale/node', 'node:stream'].map(named), typed('koa')],
  },
  'packages/fastify/src': {
    wrong: [
      ...['fastify', 'express', '@restale/express', '@restale/contract', '../../node/src/index.ts'].map(
        named,
      ),
      typed('express'),
    ],
    right: [
      ...['./a.ts', '@restale/core/http', '@restale/node', 'fastify-plugin'].map(named),
      typed('fastify'),
    ],
  },
  'packages/hapi/src': {
    wrong: [
      ...['@hapi/hapi', 'express', '@restale/express', '@restale/contract', '../../node/src/index.ts'].map(
        named,
      ),
      typed('express'),
    ],
    right: [
      ...['./a.ts', '@restale/core/http', '@restale/node', 'node:stream'].map(named),
      typed('@hapi/hapi'),
    ],
  },
  'packages/fetch/src': {
    wrong: [
      ...['hono', 'node:http', 'node:stream', 'express', '@restale/node', '@restale/contract'].map(named),
      typed('express'),
    ],
    right: [...['./a.ts', '@restale/core/http', 'node:async_hooks'].map(named), typed('hono')],
  },
  'examples/express/src': {
    wrong: [
      '../../../packages/core/src/index.ts',
      '../../../scripts/lib.mjs',
      '@restale/core/src/index.ts',
    ].map(named),
    right: ['./a.ts', '@restale/core', '@restale/express', 'express'].map(named),
  },
  'examples/express/test': {
    wrong: ['../../../packages/core/src/index.ts'].map(named),
    right: ['../src/a.ts', '@restale/core/testing'].map(named),
  },
  benchmarks: {
    wrong: ['../packages/core/src/index.ts'].map(named),
    right: ['./a.ts', '@restale/core', 'express'].map(named),
  },
}

const probes = Object.entries(fences).flatMap(([folder, { wrong, right }]) => [
  ...wrong.map((code, n) => ({ file: `${folder}/wrong${n}.ts`, code, caught: true })),
  ...right.map((code, n) => ({ file: `${folder}/right${n}.ts`, code, caught: false })),
])

describe('the fence of a layer', () => {
  let folder: string
  let caught: Set<string>

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'restale-fences-'))
    const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
    delete config.$schema
    config.vcs = { enabled: false } // the empty tree is no repository
    writeFileSync(join(folder, 'biome.json'), JSON.stringify(config))
    cpSync(join(root, 'tools'), join(folder, 'tools'), { recursive: true })
    for (const { file, code } of probes) {
      mkdirSync(join(folder, dirname(file)), { recursive: true })
      writeFileSync(join(folder, file), code)
    }
    const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.']
    const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), args, {
      cwd: folder,
      encoding: 'utf8',
    })
    if (!stdout.startsWith('{')) throw new Error(`Biome did not report: ${stderr}`)
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: { category: string; severity: string; location: { path: string } }[]
    }
    caught = new Set(
      diagnostics
        .filter(
          ({ category, severity }) => severity === 'error' && /noRestrictedImports|plugin/.test(category),
        )
        .map(({ location }) => location.path),
    )
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each(Object.keys(fences))('%s', (layer) => {
    const here = probes.filter(({ file }) => dirname(file) === layer)
    expect(here.length).toBeGreaterThan(0)
    for (const { file, code, caught: expected } of here) {
      expect({ code, caught: caught.has(file) }).toEqual({ code, caught: expected })
    }
  })
})
