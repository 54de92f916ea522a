import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const packages = ['core', 'node', 'koa']

describe('a process', () => {
  let folder = ''

  /** The sources as plain JavaScript, for a process without the tools that tests run in. */
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restale-process-'))
    const modules = join(folder, 'node_modules')
    const built = join(modules, '@restale')
    await mkdir(built, { recursive: true })
    const options = {
      rootDir: join(root, 'packages'),
      outDir: built,
      noCheck: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      types: [],
    }
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: options,
      include: packages.map((name) => join(root, 'packages', name, 'src')),
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    await run(process.execPath, [compiler, '-p', folder])
    for (const name of packages) {
      const exports = { '.': './src/index.js', './http': './src/http.js' }
      await writeFile(join(built, name, 'package.json'), JSON.stringify({ type: 'module', exports }))
    }
    const koa = await realpath(join(root, 'packages', 'koa', 'node_modules', 'koa'))
    await symlink(koa, join(modules, 'koa'), 'junction')
    const structured = await realpath(join(root, 'packages', 'core', 'node_modules', 'structured-headers'))
    await symlink(structured, join(modules, 'structured-headers'), 'junction')
    await cp(fileURLToPath(new URL('./exits.mjs', import.meta.url)), join(folder, 'exits.mjs'))
  }, 60_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('ends by itself once its servers are closed, whatever the cache was about to do', async () => {
    const { stdout, stderr } = await run(process.execPath, ['exits.mjs'], {
      cwd: folder,
      env: { ...process.env, NODE_ENV: 'production' },
      timeout: 10_000,
    })
    expect(stderr).toBe('')
    const ofOne = [
      ...Array(3).fill('restale; fwd=uri-miss; stored'),
      ...Array(3).fill('restale; hit; ttl=-1'),
    ]
    expect(JSON.parse(stdout)).toEqual([...ofOne, ...ofOne])
  })
})
