// examples/cluster: real processes on real ports: what is built is what runs.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { Machine } from '../examples/cluster/src/machines.ts'
import { askAll, sayChanged } from '../examples/cluster/src/tour.ts'
import { RedisServer } from '../packages/redis/test/support/redis-server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

beforeAll(async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '-b', 'examples/cluster'], { cwd: root })
}, 120_000)

async function startMachines(count: number, workers: number, store: string): Promise<Machine[]> {
  const { startMachine } = (await import(
    '../examples/cluster/dist/machines.js'
  )) as typeof import('../examples/cluster/src/machines.ts')
  const machines = await Promise.all(
    Array.from({ length: count }, () => startMachine({ store, workers, port: 0 })),
  )
  onTestFinished(async () => {
    await Promise.all(machines.map((machine) => machine.stop()))
  })
  return machines
}

async function expectObedience(machines: readonly Machine[], workers: number): Promise<void> {
  const count = workers * machines.length
  const before = [...(await askAll(machines, workers)), ...(await askAll(machines, workers))]
  expect(new Set(before.map(({ worker }) => worker)).size).toBe(count)
  // Whoever has just started may not have heard of the store yet.
  await vi.waitFor(async () => expect(await sayChanged(machines[0] as Machine)).toBe(204), { timeout: 5_000 })
  // As far as promised: what was told has to get to those who were not asked.
  if (machines.length > 1) await new Promise((resolve) => setTimeout(resolve, 250))
  const after = await askAll(machines, workers)
  expect(after).toHaveLength(count)
  const old = new Set(before.map(({ body }) => body))
  expect(after.filter(({ body }) => old.has(body))).toEqual([])
}

test('four workers on LMDB obey one invalidation, at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'restale-cluster-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await expectObedience(await startMachines(1, 4, `lmdb:${folder}`), 4)
})

test('two machines on Redis obey one invalidation', async () => {
  const server = await RedisServer.start()
  await expectObedience(await startMachines(2, 2, `redis://127.0.0.1:${server.port}`), 2)
})
