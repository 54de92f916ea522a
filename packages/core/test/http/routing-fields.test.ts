import { expect, test } from 'vitest'
import { routingPairs } from '../../src/http/routing-fields.ts'

test('the fields by which something below may route a request, as they came', () => {
  const lines = [
    'Host',
    'a.test',
    'X-Forwarded-Host',
    'evil.test',
    'x-Original-URL',
    '/admin',
    'X-HTTP-Method-Override',
    'DELETE',
  ]
  expect(routingPairs(lines, 'a.test')).toEqual([
    ['x-forwarded-host', 'evil.test'],
    ['x-original-url', '/admin'],
    ['x-http-method-override', 'DELETE'],
  ])
})

test('not those that tell of the client', () => {
  const lines = [
    'X-Forwarded-For',
    '10.0.0.1',
    'X-Real-IP',
    '10.0.0.1',
    'Forwarded',
    'for=10.0.0.1',
    'X',
    'y',
    '',
    'z',
  ]
  expect(routingPairs(lines, 'a.test')).toEqual([])
})

test('RFC 7239: of Forwarded, what does not tell of the client', () => {
  const lines = ['Forwarded', 'for=10.0.0.1;Host=evil.test; proto=https, for="[::1]"']
  expect(routingPairs(lines, 'a.test')).toEqual([['forwarded', 'host=evil.test;proto=https']])
})
