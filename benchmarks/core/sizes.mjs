// What is installed with each package: its own KiB, unpacked, and the packages that it brings.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { report } from './measure.mjs'

const root = new URL('../../packages/', import.meta.url)
const names = ['core', 'node', 'express', 'koa', 'fastify', 'hapi', 'fetch', 'lmdb', 'redis', 'contract']

const results = Object.fromEntries(
  names.map((name) => {
    const folder = new URL(`${name}/`, root)
    const { dependencies = {} } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ unpackedSize }] = JSON.parse(packed)
    return [
      `@restale/${name}`,
      { KiB: Math.round(unpackedSize / 1024), brings: Object.keys(dependencies).join(', ') },
    ]
  }),
)
report(results)
