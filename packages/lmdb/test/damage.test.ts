import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LedgerView } from '@restale/core/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Child, compiled, hard, item, mebibyte, nowhere, temporaryFolder } from './support.ts'

let built = ''
beforeAll(async () => {
  built = await compiled()
}, 60_000)
afterAll(() => rm(built, { recursive: true, force: true }))

const files = ['ledger', 'entries', 'gate'] as const
const keys = Array.from({ length: 30 }, (_, index) => `k${index}`)

interface Filled {
  readonly path: string
  readonly view: LedgerView
  /** What was invalidated after the items were written. */
  readonly marked: string
}

function optionsOf(path: string) {
  const limits = { marks: 1_000, uriMarks: 100, records: 100, recordBytes: mebibyte }
  return { path, maxBytes: 2 * mebibyte, limits, ledgerBytes: mebibyte }
}

/** A store with something in it, that nobody has open. */
async function filled(child: Child, path: string): Promise<Filled> {
  await child.open(optionsOf(path))
  const first = await child.call('sync', nowhere)
  for (const key of keys) {
    await child.call('write', item(first, key, { bytes: Buffer.alloc(100 + 97 * keys.indexOf(key), key) }))
  }
  let view = first
  for (const key of keys) view = await child.call('record', hard(`t:${key}`), nowhere)
  await child.call('close')
  return { path, view, marked: `t:${keys[7]}` }
}

/**
 * It takes what it is given. What is wrong with a file may be found only then, and that once: what was given until then
 * is of a ledger that is no more.
 */
async function expectUsable(child: Child, isRenewed = false): Promise<void> {
  const next = await child.call('record', hard('t:next'), nowhere)
  for (let count = 0; count < 25; count++) {
    const bytes = Buffer.alloc(90_000)
    if (await child.call('write', item(next, `more${count}`, { bytes }))) continue
    expect((await child.call('sync', nowhere)).incarnation).not.toBe(next.incarnation)
    expect(isRenewed).toBe(false)
    return expectUsable(child, true)
  }
  expect((await child.call('read', 'more24', nowhere)).found).toBeDefined()
}

/** Whatever was done to its files: it works, and nothing in it is better than it was. */
async function expectSound(child: Child, { path, view }: Filled): Promise<boolean> {
  await child.open(optionsOf(path))
  const since = { incarnation: view.incarnation, version: view.head }
  const now = await child.call('sync', since)
  const isSame = now.incarnation === view.incarnation
  for (const key of keys) {
    const { found, view: seen } = await child.call('read', key, since)
    if (found === undefined) continue
    expect(seen.incarnation).toBe(view.incarnation)
    expect(Buffer.from(found.bytes)).toEqual(Buffer.alloc(100 + 97 * keys.indexOf(key), key))
    const until = Math.max(0, ...found.marks.map((mark) => mark.expiredBefore))
    expect(until).toBeGreaterThan(keys.indexOf(key))
  }
  await expectUsable(child)
  await child.call('close')
  return isSame
}

describe('a damaged file', () => {
  const damages: Record<string, (file: string) => void> = {
    'that is garbage': (file) => writeFileSync(file, Buffer.alloc(200_000, 'garbage')),
    'that is short garbage': (file) => writeFileSync(file, 'garbage'),
    'that is empty': (file) => truncateSync(file, 0),
    'of zeros': (file) => writeFileSync(file, Buffer.alloc(statSync(file).size)),
    'that is gone': (file) => rmSync(file),
    'that is cut off': (file) => truncateSync(file, statSync(file).size / 2 - 1_000),
    'that is cut off behind its head': (file) => truncateSync(file, 8_192),
  }
  for (const [name, damage] of Object.entries(damages)) {
    test.each(files)(`${name}: %s`, async (file) => {
      const child = await Child.start(built)
      const store = await filled(child, await temporaryFolder())
      damage(join(store.path, file))
      const isSame = await expectSound(child, store)
      // The rest of the ledger is empty, and the gate is never written to: what is cut off there is not missed.
      if (file !== 'entries' && name.includes('cut off')) return
      expect(isSame).toBe(false)
      const warnings = (await child.ask('warnings')) as { code: string }[]
      expect(warnings.map(({ code }) => code)).toEqual(file === 'gate' ? [] : ['RESTALE_STORE_DAMAGED'])
    })
  }

  test('is set aside, the last one only', async () => {
    const child = await Child.start(built)
    const store = await filled(child, await temporaryFolder())
    for (const text of ['first', 'second']) {
      writeFileSync(join(store.path, 'entries'), text)
      await expectSound(child, store)
    }
    const aside = readdirSync(store.path).filter((name) => name.includes('.damaged-'))
    expect(aside).toHaveLength(1)
    expect(readFileSync(join(store.path, aside[0] as string), 'utf8')).toBe('second')
  })

  test('does not take the process down, wherever it was hit', { timeout: 120_000 }, async () => {
    const child = await Child.start(built)
    const parent = await temporaryFolder()
    let kept = 0
    for (let round = 0; round < 100; round++) {
      const store = await filled(child, join(parent, String(round)))
      const file = join(store.path, files[round % 2] as string)
      const what = hit(file, round)
      const isSame = await expectSound(child, store).catch((error) => {
        throw new Error(`round ${round}, ${what}: ${error.message}`, { cause: error })
      })
      if (isSame) kept++
      rmSync(store.path, { recursive: true })
    }
    // Not everything that is hit is in use.
    expect(kept).toBeLessThan(90)
  })
})

/** Somewhere in the part that is likely to be in use. Says what was done. */
function hit(file: string, round: number): string {
  const size = Math.min(statSync(file).size, 400_000)
  const at = Math.floor(Math.random() ** 2 * size)
  const descriptor = openSync(file, 'r+')
  try {
    if (round % 7 === 0) {
      ftruncateSync(descriptor, at)
      return `${file} cut off at ${at}`
    }
    const length = round % 3 === 0 ? 1 : Math.ceil(Math.random() * 6_000)
    const bytes = readFileSync(file).subarray(at, at + length)
    for (const [index, byte] of bytes.entries()) {
      bytes[index] = round % 3 === 0 ? byte ^ (1 << (round % 8)) : Math.random() * 256
    }
    writeSync(descriptor, bytes, 0, bytes.byteLength, at)
    return `${file}: ${length} bytes at ${at}`
  } finally {
    closeSync(descriptor)
  }
}

test('a folder without its state starts empty', async () => {
  const child = await Child.start(built)
  const store = await filled(child, await temporaryFolder())
  rmSync(join(store.path, 'state.json'))
  expect(await expectSound(child, store)).toBe(false)
  expect(existsSync(join(store.path, 'state.json'))).toBe(true)
})

test('a folder from before a stop of the machine is kept if it was closed, and starts empty if not', async () => {
  const child = await Child.start(built)
  for (const isClosed of [true, false]) {
    const store = await filled(child, await temporaryFolder())
    const file = join(store.path, 'state.json')
    const state = JSON.parse(readFileSync(file, 'utf8'))
    expect(state.isClosed).toBe(true)
    writeFileSync(file, JSON.stringify({ ...state, isClosed, boot: 'an earlier one' }))
    expect(await expectSound(child, store)).toBe(isClosed)
  }
})
