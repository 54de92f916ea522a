import { setLines } from '@restale/core/http'
import { describe, expect, test } from 'vitest'
import { headerLines, setWriteHeadHeaders, standingHeaders } from '../src/header-lines.ts'
import { exchange } from './support.ts'

describe('headerLines', () => {
  test('tells every line in the order and spelling in which it was set', async () => {
    let lines: string[] = []
    await exchange((_request, response) => {
      response.setHeader('X-Number', 7)
      response.setHeader('x-LIST', ['a', 'b'])
      response.appendHeader('X-Appended', 'c')
      response.appendHeader('X-Appended', 'd')
      lines = headerLines(response)
      response.end()
    })
    expect(lines).toEqual([
      ...['X-Number', '7'],
      ...['x-LIST', 'a', 'x-LIST', 'b'],
      ...['X-Appended', 'c', 'X-Appended', 'd'],
    ])
  })

  test('is empty where nothing is set', async () => {
    let lines: string[] = ['?']
    await exchange((_request, response) => {
      lines = headerLines(response)
      response.end()
    })
    expect(lines).toEqual([])
  })
})

describe('standingHeaders', () => {
  test('the first line of a name replaces what stands there, more of it are added', async () => {
    const { lines } = await exchange((_request, response) => {
      response.setHeader('X-A', ['old', 'older'])
      response.setHeader('X-Other', 'stays')
      setLines(standingHeaders(response), ['x-a', 'one', 'X-B', 'b', 'X-A', 'two'])
      response.end('x')
    })
    expect(lines).toEqual(['x-a: one', 'x-a: two', 'X-Other: stays', 'X-B: b', 'Content-Length: 1'])
  })

  test('what it sets, headerLines tells', async () => {
    const given = ['Link', 'a', 'ETag', '"x"', 'Link', 'b']
    let lines: string[] = []
    await exchange((_request, response) => {
      setLines(standingHeaders(response), given)
      lines = headerLines(response)
      response.end()
    })
    expect(lines).toEqual(['Link', 'a', 'Link', 'b', 'ETag', '"x"'])
  })
})

describe('setWriteHeadHeaders sets what Node would have written', () => {
  const forms: [string, object][] = [
    ['an object', { 'Content-Type': 'text/css', 'X-Number': 7, 'x-one': '1' }],
    ['an object with lists', { 'X-List': ['a', 'b'], 'X-One': ['1'] }],
    ['a flat array', ['X-Two', 'a', 'X-One', '1']],
    ['a flat array with lists', ['X-List', ['a', 'b'], 'X-One', '1']],
    ['an empty object', {}],
    ['an empty array', []],
  ]

  test.each(forms)('for %s', async (_name, headers) => {
    const before = ['X-One', 'before', 'X-Two', 'before']
    const byNode = await exchange((_request, response) => {
      setLines(standingHeaders(response), before)
      response.writeHead(200, headers as Record<string, string>)
      response.end()
    })
    const byUs = await exchange((_request, response) => {
      setLines(standingHeaders(response), before)
      setWriteHeadHeaders(response, headers as Record<string, string>)
      response.writeHead(200)
      response.end()
    })
    expect([...byUs.lines].sort()).toEqual([...byNode.lines].sort())
  })

  const pairs = [
    ['X-List', 'a'],
    ['X-List', 'b'],
  ]
  // Where other headers are set, not every version of Node takes these for more than one line.
  test.each<[string, readonly unknown[]]>([
    ['pairs', pairs],
    ['a flat array with a name twice', pairs.flat()],
  ])('for %s, while nothing else is set', async (_name, headers) => {
    const byNode = await exchange((_request, response) => response.writeHead(200, headers as never).end())
    const byUs = await exchange((_request, response) => {
      setWriteHeadHeaders(response, headers)
      response.writeHead(200).end()
    })
    expect(byUs.lines).toEqual(byNode.lines)
    expect(byUs.lines.slice(0, 2)).toEqual(['X-List: a', 'X-List: b'])
  })

  test('for none', async () => {
    const { lines } = await exchange((_request, response) => {
      setWriteHeadHeaders(response, undefined)
      setWriteHeadHeaders(response, null as never)
      response.end('x')
    })
    expect(lines).toEqual(['Content-Length: 1'])
  })

  test('and refuses what Node refuses', async () => {
    await exchange((_request, response) => {
      expect(() => setWriteHeadHeaders(response, { 'X-A': 'two\r\nlines' })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_CHAR' }),
      )
      expect(() => setWriteHeadHeaders(response, ['no name', 'x'])).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_HTTP_TOKEN' }),
      )
      response.end()
    })
  })
})
