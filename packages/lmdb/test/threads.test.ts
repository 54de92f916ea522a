import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Child, compiled, hard, item, mebibyte, nowhere, openPort, temporaryFolder } from './support.ts'

let built = ''
beforeAll(async () => {
  built = await compiled()
}, 60_000)
afterAll(() => rm(built, { recursive: true, force: true }))

async function thread(path: string): Promise<Worker> {
  const worker = new Worker(join(built, 'thread.mjs'), { workerData: { path, maxBytes: 16 * mebibyte } })
  onTestFinished(async () => {
    await worker.terminate()
  })
  await once(worker, 'message')
  return worker
}

async function ask(worker: Worker, name: string, args: unknown[], times = 1): Promise<unknown> {
  const answer = once(worker, 'message')
  worker.postMessage({ name, args, times })
  return (await answer)[0]
}

describe('threads of one process', () => {
  test('share items and invalidations with each other and with other processes', {
    timeout: 60_000,
  }, async () => {
    const path = await temporaryFolder()
    const port = openPort(path)
    const view = port.sync(nowhere)
    const workers = await Promise.all([thread(path), thread(path), thread(path)])
    const child = await Child.start(built)
    await child.open({ path, maxBytes: 16 * mebibyte })
    port.write(item(view, 'a'))
    const recorders = workers.map((worker) => ask(worker, 'record', [hard('t:a'), nowhere], 100))
    const ofChild = Array.from({ length: 100 }, () => child.call('record', hard('t:a'), nowhere))
    for (let count = 0; count < 100; count++) port.record(hard('t:a'), nowhere)
    await Promise.all([...recorders, ...ofChild])
    const seen = { incarnation: view.incarnation, version: 500 }
    expect(port.peek()).toEqual(seen)
    expect(await child.call('peek')).toEqual(seen)
    for (const worker of workers) {
      expect(await ask(worker, 'peek', [])).toEqual(seen)
      expect(await ask(worker, 'read', ['a', nowhere])).toMatchObject({
        found: { marks: [{ expiredBefore: 500 }] },
      })
    }
  })

  test('may end, or be ended, while the others go on', { timeout: 60_000 }, async () => {
    const path = await temporaryFolder()
    const port = openPort(path)
    port.sync(nowhere)
    const [one, other] = await Promise.all([thread(path), thread(path)])
    one?.postMessage({ name: 'close' })
    await once(one as Worker, 'exit')
    await ask(other as Worker, 'record', [hard('t:a'), nowhere])
    // Without having closed anything.
    await other?.terminate()
    const { head } = port.record(hard('t:a'), nowhere)
    expect(head).toBe(2)
    expect(port.peek().version).toBe(head)
  })
})
