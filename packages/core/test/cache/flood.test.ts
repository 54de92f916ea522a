import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const MiB = 1024 * 1024
const root = fileURLToPath(new URL('../../../..', import.meta.url))

let built = ''

/** The sources as plain JavaScript, for a process without the tools that tests run in. */
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'restale-flood-'))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--noCheck', '--composite', 'false', '--incremental', 'false', '--tsBuildInfoFile', 'null']
  const output = [
    '--declaration',
    'false',
    '--declarationMap',
    'false',
    '--sourceMap',
    'false',
    '--outDir',
    built,
  ]
  await run(process.execPath, [compiler, '-p', join(root, 'packages', 'core'), ...options, ...output])
  await writeFile(join(built, 'package.json'), '{"type":"module"}')
  await symlink(join(root, 'packages', 'core', 'node_modules'), join(built, 'node_modules'))
}, 60_000)

afterAll(() => rm(built, { recursive: true, force: true }))

describe('a flood of 200,000 unique keys and tags', () => {
  test('stays within the bound × 1.25 + 32 MB of memory, and a hot key stays a hit', async () => {
    const maxBytes = 16 * MiB
    const { stdout } = await run(process.execPath, [
      '--expose-gc',
      fileURLToPath(new URL('./flood.mjs', import.meta.url)),
      pathToFileURL(join(built, 'index.js')).href,
      JSON.stringify({ maxBytes, keys: 200_000, tags: 200_000 }),
    ])
    const { peakOfKeys, peakOfTags, hotMisses, evicted } = JSON.parse(stdout)
    expect(peakOfKeys / MiB).toBeLessThan((maxBytes * 1.25) / MiB + 32)
    expect(peakOfTags / MiB).toBeLessThan((maxBytes * 1.25) / MiB + 32)
    expect(hotMisses).toBe(1)
    expect(evicted).toBeGreaterThan(150_000)
  }, 120_000)
})
