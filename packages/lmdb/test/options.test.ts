import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createCache } from '@restale/core'
import { lmdbStore } from '@restale/lmdb'
import { expect, test } from 'vitest'
import { mebibyte, temporaryFolder } from './support.ts'

test.each([
  [undefined],
  [null],
  [{}],
  [{ path: '' }],
  [{ path: 7 }],
  [{ path: 'a\0b' }],
  [{ path: 'store', maxBytes: mebibyte - 1 }],
  [{ path: 'store', maxBytes: 2 * mebibyte + 0.5 }],
  [{ path: 'store', maxBytes: Number.POSITIVE_INFINITY }],
  [{ path: 'store', maxbytes: 2 * mebibyte }],
  [{ path: 'store', deadlineMs: 0 }],
])('%j is refused', (options) => {
  expect(() => lmdbStore(options as never)).toThrow(
    expect.objectContaining({ code: 'ERR_RESTALE_INVALID_OPTION' }),
  )
})

test('nothing is made before a cache is created with it', async () => {
  const path = join(await temporaryFolder(), 'a', 'b')
  const store = lmdbStore({ path, maxBytes: mebibyte })
  expect(existsSync(path)).toBe(false)
  const cache = createCache({ store })
  expect(existsSync(join(path, 'ledger'))).toBe(true)
  await cache.close()
})

test('a value made by one cache is found by the next, and an invalidation is known to all', async () => {
  const path = await temporaryFolder()
  let made = 0
  const open = () => {
    const cache = createCache({ store: lmdbStore({ path }) })
    const value = cache.cached(() => ++made, { key: 'value', tags: ['t'], life: 'hours' })
    return { cache, value }
  }
  const [one, other] = [open(), open()]
  expect(await one.value()).toBe(1)
  expect(await other.value()).toBe(1)
  await one.cache.updateTag('t')
  expect(await other.value()).toBe(2)
  expect(await one.value()).toBe(2)
  await Promise.all([one.cache.close(), other.cache.close()])
  const last = open()
  expect(await last.value()).toBe(2)
  await last.cache.close()
})

test('a folder that cannot be opened costs hits, and nothing else', async () => {
  const cache = createCache({ store: lmdbStore({ path: '/dev/null/store' }) })
  const value = cache.cached(() => 'made', { key: 'value', tags: ['t'], life: 'hours' })
  expect(await value()).toBe('made')
  expect(await cache.updateTag('t')).toMatchObject({ reach: 'here' })
  await cache.close()
})
