import { describe, expect, it } from 'vitest'
import { fieldValue, fieldValues, ResponseReader } from '../../src/harness/response-reader.ts'

function read(text: string, { method = 'GET', isEnded = false } = {}): ResponseReader {
  const reader = new ResponseReader(method)
  // Byte by byte: whatever the network does to it, it is the same response.
  for (const byte of Buffer.from(text, 'latin1')) reader.read(Buffer.from([byte]))
  if (isEnded) reader.end()
  return reader
}

describe('ResponseReader', () => {
  it('keeps lines apart, in order and spelling, and reads values as latin-1', () => {
    const { response } = read('HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: \xfc\r\nContent-Length: 0\r\n\r\n')
    expect(response?.lines.slice(0, 2)).toEqual([
      ['X-A', '1'],
      ['x-a', 'ü'],
    ])
    expect(fieldValues(response ?? { lines: [] }, 'x-a')).toEqual(['1', 'ü'])
    expect(fieldValue(response ?? { lines: [] }, 'x-a')).toBe('1, ü')
  })

  it('keeps informational responses apart', () => {
    const { response, informational } = read(
      'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No\r\n\r\n',
    )
    expect(response).toMatchObject({ status: 204, lines: [], isComplete: true })
    expect(informational).toEqual([{ status: 103, lines: [['Link', '</a>']] }])
  })

  it('takes what follows a change of protocols for the body', () => {
    const { response } = read('HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n\r\nhello', { isEnded: true })
    expect(response).toMatchObject({ status: 101, isComplete: true })
    expect(response?.body.toString()).toBe('hello')
  })

  it.each([
    ['a counted body', 'Content-Length: 3\r\n\r\nabc', true],
    ['a short counted body', 'Content-Length: 4\r\n\r\nabc', false],
    ['a longer counted body', 'Content-Length: 3\r\n\r\nabcd', true],
    ['a chunked body', 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', true],
    ['a cut chunked body', 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n', false],
    ['a body until the end', '\r\nabc', true],
  ])('reads %s', (_, rest, isComplete) => {
    const { response } = read(`HTTP/1.1 200 OK\r\n${rest}`, { isEnded: true })
    expect(response?.body.toString()).toBe('abc')
    expect(response?.isComplete).toBe(isComplete)
  })

  it('expects no body in answer to HEAD', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', { method: 'HEAD' }).isComplete).toBe(true)
  })
})
