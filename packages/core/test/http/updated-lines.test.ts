import { expect, it } from 'vitest'
import { updatedLines } from '../../src/http/updated-lines.ts'

it.each<[string, string[], string[], string[]]>([
  ['keeps what the 304 does not bring', ['A', '1'], [], ['A', '1']],
  ['adds what it brings', ['A', '1'], ['B', '2'], ['A', '1', 'B', '2']],
  [
    'replaces what it brings, whatever its case',
    ['ETag', '1', 'A', '1'],
    ['etag', '2'],
    ['A', '1', 'etag', '2'],
  ],
  ['replaces every line of it', ['A', '1', 'a', '2', 'B', '3'], ['A', '4'], ['B', '3', 'A', '4']],
  ['takes every line of it', ['A', '1'], ['A', '2', 'A', '3'], ['A', '2', 'A', '3']],
  [
    'keeps what describes the stored body',
    ['Content-Type', 'text/html', 'Content-Encoding', 'br', 'Content-Length', '10'],
    ['content-type', 'text/plain', 'Content-Encoding', 'gzip', 'Content-Length', '0', 'Content-Range', 'x'],
    ['Content-Type', 'text/html', 'Content-Encoding', 'br', 'Content-Length', '10'],
  ],
  ['forgets the age of the stored response', ['Age', '60', 'A', '1'], ['B', '2'], ['A', '1', 'B', '2']],
  ['takes the age that it brings', ['Age', '60'], ['age', '5'], ['age', '5']],
])('%s', (_what, stored, brought, expected) => {
  const before = [...stored]
  expect(updatedLines(stored, brought)).toEqual(expected)
  expect(stored).toEqual(before)
})
