import type { ChildProcess } from 'node:child_process'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Item, LedgerView, Marking, Position, StorePort } from '@restale/core/store'
import { onTestFinished } from 'vitest'
import type { PortOptions } from '../src/port.ts'
import { LmdbPort } from '../src/port.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))

export const nowhere: Position = { incarnation: undefined, version: 0 }
export const mebibyte = 1024 * 1024

/** Removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'restale-lmdb-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Closed when the test is over. */
export function openPort(path: string, options: Partial<PortOptions> = {}): LmdbPort {
  const port = new LmdbPort({ path, maxBytes: 16 * mebibyte, ...options })
  onTestFinished(() => port.close())
  return port
}

export function item(view: LedgerView, key: string, more: Partial<Item> = {}): Item {
  const { incarnation, head: version, now } = view
  const bytes = Buffer.from(`the value of ${key}`)
  const rest = { labels: ['*', `t:${key}`], startedAt: now, uselessAt: now + 60_000, bytes }
  return { key, incarnation, version, ...rest, ...more }
}

let ids = 0
export function hard(...labels: string[]): Marking {
  return { id: `m${ids++}`, labels, hardLabels: [], expireInMs: 0 }
}

/** The sources as plain JavaScript, for processes without the tools that tests run in. */
export async function compiled(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'restale-lmdb-built-')))
  const modules = join(folder, 'node_modules')
  const built = join(modules, '@restale')
  await mkdir(built, { recursive: true })
  const compilerOptions = {
    ...{ rootDir: join(root, 'packages'), outDir: built, noCheck: true, composite: false },
    ...{ declaration: false, declarationMap: false, sourceMap: false, types: [] },
  }
  const include = ['core', 'lmdb'].map((name) => join(root, 'packages', name, 'src'))
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
  await exportsOf(join(built, 'core'), { '.': './src/index.js', './store': './src/store.js' })
  await exportsOf(join(built, 'lmdb'), {
    '.': './src/index.js',
    './gate': './src/gate.js',
    './port': './src/port.js',
  })
  for (const [owner, name] of [
    ['lmdb', 'lmdb'],
    ['core', 'structured-headers'],
  ] as const) {
    const real = await realpath(join(root, 'packages', owner, 'node_modules', name))
    await symlink(real, join(modules, name), 'junction')
  }
  for (const name of ['child.mjs', 'thread.mjs']) {
    await cp(fileURLToPath(new URL(`./${name}`, import.meta.url)), join(folder, name))
  }
  return folder
}

async function exportsOf(folder: string, exports: Record<string, string>): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', exports }))
}

type Answer = { id: number; result?: unknown; error?: string }
type Method = Exclude<keyof StorePort, 'watch'>
type Result<M extends Method> = Awaited<ReturnType<NonNullable<StorePort[M]>>>
type Args<M extends Method> = Parameters<NonNullable<StorePort[M]>>

/** A process with a store of its own. */
export class Child {
  readonly process: ChildProcess
  readonly recorded: { key: string; version: number; incarnation: string }[] = []
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #ids = 0

  private constructor(child: ChildProcess) {
    this.process = child
    child.on('message', (message: Answer & { recorded?: Child['recorded'][number] }) => {
      if (message.recorded !== undefined) this.recorded.push(message.recorded)
      else this.#waiting.get(message.id)?.(message)
    })
    child.on('exit', (code, signal) => {
      for (const answer of this.#waiting.values()) answer({ id: 0, error: `it is gone: ${code} ${signal}` })
    })
  }

  /** Ended when the test is over. */
  static async start(built: string): Promise<Child> {
    // Its warnings are asked for.
    const execArgv = ['--no-warnings']
    const forked = fork(join(built, 'child.mjs'), { serialization: 'advanced', execArgv })
    const child = new Child(forked)
    onTestFinished(() => child.kill())
    await once(forked, 'message')
    return child
  }

  open(options: PortOptions): Promise<void> {
    return this.ask('open', options) as Promise<void>
  }

  call<M extends Method>(name: M, ...args: Args<M>): Promise<Result<M>> {
    return this.ask(name, ...args) as Promise<Result<M>>
  }

  ask(name: string, ...args: unknown[]): Promise<unknown> {
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id)
        if (error === undefined) resolve(result)
        else reject(new Error(error))
      })
      if (this.process.connected) this.process.send({ id, name, args })
      else reject(new Error('it is gone'))
    })
  }

  async kill(): Promise<void> {
    const { process: child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
