// Codes, headings of docs/errors.md and the places that throw or warn are held together.
import { describe, expect, test } from 'vitest'
import { CacheError, errorCodes } from '../packages/core/src/cache/errors.ts'
import { anchor, filesUnder, headings, read, root } from './markdown.ts'

const page = 'docs/errors.md'
const titles = headings(read(page))

const sources = filesUnder(`${root}packages`, '.ts')
  .filter((file) => /^packages\/[^/]+\/src\//.test(file) && !file.endsWith('/errors.ts'))
  .map(read)

/** Codes that are handed to whatever is made with `new` or called, and match this. */
const used = (call: RegExp) => [
  ...new Set(sources.flatMap((text) => [...text.matchAll(call)].map((match) => match[1] as string))),
]
const thrown = used(/\bnew \w+\([^)]*?'(ERR_RESTALE_\w+)'/g)
const warned = used(/\bwarnOnce\(\s*'(RESTALE_\w+)'/g)

describe('docs/errors.md', () => {
  test('has a heading for each error code, and none for another', () => {
    expect(titles.filter((title) => title.startsWith('ERR_'))).toEqual([...errorCodes])
  })

  test('has a heading for each warning code, and none for another', () => {
    expect(titles.filter((title) => title.startsWith('RESTALE_')).sort()).toEqual(warned.sort())
  })
})

test('each error code is used somewhere, and no other is', () => {
  expect(thrown.sort()).toEqual([...errorCodes].sort())
})

test('each warning is given by a code of ours', () => {
  const calls = sources.flatMap((text) => [...text.matchAll(/\bemitWarning\b[^\n]*\(/g)])
  expect(calls).toHaveLength(1)
})

test.each(errorCodes)('the help of %s leads to its heading', (code) => {
  const { pathname, hash } = new URL(new CacheError(code, 'why').help)
  expect(pathname).toBe(`/restale/restale/blob/main/${page}`)
  expect(titles.map((title) => `#${anchor(title)}`)).toContain(hash)
})
