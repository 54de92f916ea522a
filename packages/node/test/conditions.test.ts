import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { replaceConditions } from '../src/conditions.ts'
import { exchange } from './support.ts'

const lines = [
  'X-A: 1',
  'If-None-Match: "a"',
  'if-modified-since: x',
  'X-A: 2',
  'Range: bytes=0-1',
  'If-Range: "a"',
]

async function withRequest(look: (request: IncomingMessage) => void, sent: readonly string[] = lines) {
  await exchange(
    (request, response) => {
      look(request)
      response.end()
    },
    { lines: sent },
  )
}

test('conditions and ranges vanish from headers and rawHeaders, everything else stays', () =>
  withRequest((request) => {
    replaceConditions(request, [])
    expect(request.headers).toEqual({ host: 'x', connection: 'close', 'x-a': '1, 2' })
    expect(request.rawHeaders).toEqual(['Host', 'x', 'Connection', 'close', 'X-A', '1', 'X-A', '2'])
  }))

test('the returned function gives them back as they were', () =>
  withRequest((request) => {
    const { rawHeaders } = request
    const headers = { ...request.headers }
    const show = replaceConditions(request, [])
    show()
    expect(request.headers).toEqual(headers)
    expect(request.rawHeaders).toBe(rawHeaders)
  }))

test('what a layer has added to the headers meanwhile stays', () =>
  withRequest((request) => {
    const show = replaceConditions(request, [])
    request.headers['x-layer'] = 'yes'
    show()
    expect(request.headers).toMatchObject({ 'x-layer': 'yes', 'if-none-match': '"a"', range: 'bytes=0-1' })
  }))

test('a value that is named like a condition is no condition', () =>
  withRequest(
    (request) => {
      replaceConditions(request, [])
      expect(request.rawHeaders).toContain('range')
      expect(request.headers['x-name']).toBe('range')
    },
    ['X-Name: range', 'If-Match: *'],
  ))

test('a request without any is left as it is', () =>
  withRequest((request) => {
    const { rawHeaders } = request
    replaceConditions(request, [])()
    expect(request.rawHeaders).toBe(rawHeaders)
  }, []))

test('conditions of the cache stand in their place, until they are given back', () =>
  withRequest((request) => {
    const { rawHeaders } = request
    const show = replaceConditions(request, ['if-none-match', '"stored"', 'if-modified-since', 'then'])
    expect(request.headers).toMatchObject({ 'if-none-match': '"stored"', 'if-modified-since': 'then' })
    expect(request.headers).not.toHaveProperty('range')
    expect(request.rawHeaders.slice(-4)).toEqual(['if-none-match', '"stored"', 'if-modified-since', 'then'])
    show()
    expect(request.headers['if-none-match']).toBe('"a"')
    expect(request.rawHeaders).toBe(rawHeaders)
  }))

test('conditions of the cache come to a request that has none, and go again', () =>
  withRequest((request) => {
    const show = replaceConditions(request, ['if-none-match', '"stored"'])
    expect(request.headers['if-none-match']).toBe('"stored"')
    expect(request.rawHeaders).toContain('"stored"')
    show()
    expect(request.headers).not.toHaveProperty('if-none-match')
    expect(request.rawHeaders).not.toContain('"stored"')
  }, []))
