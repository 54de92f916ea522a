import { describe, expect, test } from 'vitest'
import { setLines, setStoredHead } from '../../src/http/standing-headers.ts'

const stored = {
  status: 200,
  headers: [],
  defaults: [],
  added: [],
  removed: [],
  vary: [],
  body: undefined,
  cacheStatus: 'restale; hit',
  isPart: false,
}

test('the first line of a name replaces what stands there, more of it are added', () => {
  const headers = new Headers({ 'x-a': 'old', 'x-other': 'stays' })
  setLines(headers, ['X-A', 'one', 'X-B', 'b', 'x-a', 'two'])
  expect([...headers]).toEqual([
    ['x-a', 'one, two'],
    ['x-b', 'b'],
    ['x-other', 'stays'],
  ])
})

describe('the head of a stored response', () => {
  const standing = () =>
    new Headers({ link: 'outer', 'x-gone': 'a', 'x-set': 'outer', vary: 'Cookie, Origin' })

  test('replaces what the handler has set, adds what it has added, takes away what it took away', () => {
    const headers = standing()
    const lines = { headers: ['X-Set', 'own'], added: ['Link', 'inner'], removed: ['x-gone'] }
    setStoredHead(headers, { ...stored, ...lines })
    expect([...headers]).toEqual([
      ['link', 'outer, inner'],
      ['vary', 'Cookie, Origin'],
      ['x-set', 'own'],
    ])
  })

  test('has defaults for names that nobody has set', () => {
    const headers = standing()
    setStoredHead(headers, {
      ...stored,
      headers: ['X-A', 'own'],
      defaults: ['X-Set', 'd', 'X-A', 'd', 'X-B', 'd'],
    })
    expect(['x-set', 'x-a', 'x-b'].map((name) => headers.get(name))).toEqual(['outer', 'own', 'd'])
  })

  test('names in Vary what both sides depend on, once', () => {
    const headers = standing()
    setStoredHead(headers, { ...stored, vary: ['origin', 'accept-encoding'] })
    expect(headers.get('vary')).toBe('Cookie, Origin, accept-encoding')
  })
})
