// The example over real sockets.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCache } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { openNotes } from '../src/notes.ts'
import { createNotesServer } from '../src/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'notes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const secret = 'at least sixteen characters'
const stored = 'restale; fwd=uri-miss; stored'

test('reads are cached, writes are seen at once, and what is stale is read anew behind the answer', async () => {
  const clock = fakeClock()
  const cache = createCache({ clock })
  const notes = await openNotes(cache, join(folder, 'notes.json'))
  const server = await createNotesServer({ cache, notes, secret })
  await server.start()
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.info.uri + path, init)
    return { status: response.headers.get('cache-status'), body: await response.text() }
  }
  try {
    expect(await ask('/notes')).toEqual({ status: stored, body: '{"notes":["welcome"]}' })
    expect((await ask('/notes')).status).toMatch(/hit/)
    expect((await ask('/notes/welcome')).body).toMatch('Ask twice')
    expect(notes.reads).toBe(1)

    const text = { 'content-type': 'text/plain' }
    await ask('/notes/second', { method: 'PUT', body: 'Hello', headers: text })
    expect((await ask('/notes')).body).toBe('{"notes":["welcome","second"]}')
    expect((await ask('/notes/second')).body).toBe('Hello')

    await ask('/api/revalidate', {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: '{"tag":"notes"}',
    })
    const before = notes.reads
    expect((await ask('/notes')).status).toMatch(/hit; ttl=-/)
    await settled(cache)
    expect(notes.reads).toBe(before + 1)
    expect((await ask('/notes')).status).toMatch(/hit; ttl=\d/)
  } finally {
    await server.stop({ timeout: 100 })
  }
  expect(cache.enabled).toBe(false)
})

test('it starts, tells where it listens, and stops when it is told to', async () => {
  vi.stubEnv('PORT', '0')
  vi.stubEnv('NOTES', join(folder, 'main.json'))
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const before = process.listeners('SIGTERM')
  await import('../src/main.ts')
  const uri = /http:\S+(?=\.)/.exec(String(log.mock.calls[0]))?.[0]
  expect(await (await fetch(`${uri}/notes`)).json()).toEqual({ notes: ['welcome'] })
  const stop = process.listeners('SIGTERM').filter((listener) => !before.includes(listener))
  for (const listener of stop) await listener('SIGTERM')
  await expect(fetch(`${uri}/notes`)).rejects.toThrow()
})
