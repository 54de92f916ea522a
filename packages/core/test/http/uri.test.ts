import { describe, expect, test } from 'vitest'
import { groupLabel, sameOriginTarget, uriLabel } from '../../src/http/uri.ts'

const request = { scheme: 'http', authority: 'a.test:8080', target: '/posts/1?page=2' }

describe('the label of a URL', () => {
  test('tells hosts, paths and queries apart', () => {
    const labels = [
      request,
      { ...request, scheme: 'https' },
      { ...request, authority: 'a.test' },
      { ...request, target: '/posts/1' },
      { ...request, target: '/Posts/1?page=2' },
    ].map((one) => uriLabel(one, true))
    expect(new Set(labels).size).toBe(5)
  })

  test('RFC 9110 §4.2.3: is one for spellings of one host', () => {
    const label = uriLabel({ ...request, authority: 'A.test:80' }, true)
    expect(label).toBe(uriLabel({ ...request, authority: 'a.test' }, true))
  })

  test('is that of all hosts where they share', () => {
    expect(uriLabel(request, false)).toBe(uriLabel({ ...request, authority: 'b.test' }, false))
  })
})

describe('RFC 9111 §4.4: what a response says it has changed', () => {
  test.each<[string, string | undefined]>([
    ['/posts', '/posts'],
    ['2', '/posts/2'],
    ['?page=3', '/posts/1?page=3'],
    ['http://a.test:8080/x?y#z', '/x?y'],
    ['HTTP://A.TEST:8080/x', '/x'],
    ['//a.test:8080/x', '/x'],
    ['https://a.test:8080/x', undefined],
    ['http://a.test/x', undefined],
    ['//b.test/x', undefined],
    ['http://[', undefined],
  ])('%s', (location, target) => expect(sameOriginTarget(request, location)).toBe(target))
})

test('RFC 9875 §2.1: a group is of one origin', () => {
  expect(groupLabel(request, 'a', true)).not.toBe(groupLabel({ ...request, authority: 'b.test' }, 'a', true))
  expect(groupLabel(request, 'a', true)).not.toBe(groupLabel(request, 'A', true))
})
