import { expect, test } from 'vitest'
import { pathBelow } from '../../src/http/endpoint-path.ts'

test.each([
  ['/hook', '/hook', ''],
  ['/hook/', '/hook', '/'],
  ['/hook/webhook', '/hook/', '/webhook'],
  ['/hooks', '/hook', undefined],
  ['/', '/hook', undefined],
  ['/webhook', '', '/webhook'],
])('of %s below %j there is %j', (path, base, below) => {
  expect(pathBelow(path, base)).toBe(below)
})
