import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { OutgoingResponse } from '@restale/core/http'
import { describe, expect, test } from 'vitest'
import { sendResponse, setHead } from '../src/send.ts'
import { exchange } from './support.ts'

function outgoing(parts: Partial<OutgoingResponse> = {}): OutgoingResponse {
  return {
    status: 200,
    headers: ['Content-Type', 'text/plain', 'Content-Length', '4'],
    added: [],
    defaults: [],
    removed: [],
    vary: [],
    body: Buffer.from('body'),
    cacheStatus: 'restale; hit; ttl=1',
    isPart: false,
    ...parts,
  }
}

describe('in front of everything', () => {
  test('sends head and body', async () => {
    const { statusLine, lines, body } = await exchange((_request, response) =>
      sendResponse(response, outgoing()),
    )
    expect(statusLine).toBe('HTTP/1.1 200 OK')
    expect(lines).toEqual([
      'Content-Type: text/plain',
      'Content-Length: 4',
      'Cache-Status: restale; hit; ttl=1',
    ])
    expect(body).toBe('body')
  })

  test('sends repeated lines, added ones and Vary', async () => {
    const parts = {
      headers: ['Link', 'a', 'Link', 'b'],
      added: ['Link', 'c'],
      vary: ['origin', 'accept-encoding'],
    }
    const { lines } = await exchange((_request, response) =>
      sendResponse(response, outgoing({ ...parts, body: Buffer.alloc(0) })),
    )
    expect(lines.filter((line) => /^(Link|Vary)/.test(line))).toEqual([
      'Link: a',
      'Link: b',
      'Link: c',
      'Vary: origin, accept-encoding',
    ])
  })

  test('sends no body for HEAD and 304', async () => {
    const head = await exchange(
      (_request, response) => sendResponse(response, outgoing({ body: undefined })),
      {
        method: 'HEAD',
      },
    )
    expect([head.lines.includes('Content-Length: 4'), head.body]).toEqual([true, ''])
    const notModified = await exchange((_request, response) =>
      sendResponse(response, outgoing({ status: 304, headers: ['ETag', '"a"'], body: undefined })),
    )
    expect(notModified.statusLine).toBe('HTTP/1.1 304 Not Modified')
    expect(notModified.lines).toEqual(['ETag: "a"', 'Cache-Status: restale; hit; ttl=1'])
    expect(notModified.body).toBe('')
  })

  test('sends header values byte by byte', async () => {
    const { lines } = await exchange((_request, response) =>
      sendResponse(response, outgoing({ headers: ['X-Name', 'M\u00fcller', 'Content-Length', '4'] })),
    )
    expect(lines).toContain('X-Name: M\u00fcller')
  })

  test('has one Date, that of the stored response', async () => {
    const date = 'Tue, 14 Nov 2023 22:13:20 GMT'
    const seen: unknown[] = []
    await exchange((_request, response) => {
      sendResponse(response, outgoing({ headers: ['Date', date, 'Content-Length', '4'] }))
      seen.push((response as unknown as { _header: string })._header.match(/^Date: .*$/gim))
    })
    expect(seen).toEqual([[`Date: ${date}`]])
  })
})

describe('among headers that stand there', () => {
  test('sets, adds, removes and leaves lines', async () => {
    const parts = outgoing({
      headers: ['X-Set', 'new', 'Content-Length', '4'],
      added: ['X-List', 'ours'],
      removed: ['x-removed'],
    })
    const { lines, body } = await exchange((_request, response) => {
      response.setHeader('X-Set', ['old', 'older'])
      response.setHeader('X-List', 'theirs')
      response.setHeader('X-Removed', 'x')
      response.setHeader('X-Left', 'x')
      sendResponse(response, parts)
    })
    expect(lines).toEqual([
      'X-Set: new',
      'X-List: theirs',
      'X-List: ours',
      'X-Left: x',
      'Content-Length: 4',
      'Cache-Status: restale; hit; ttl=1',
    ])
    expect(body).toBe('body')
  })

  test('merges Vary, each member once, whatever its case', async () => {
    const { lines } = await exchange((_request, response) => {
      response.setHeader('Vary', 'Origin, , Accept')
      sendResponse(response, outgoing({ vary: ['origin', 'accept-encoding'] }))
    })
    expect(lines).toContain('Vary: Origin, Accept, accept-encoding')
  })

  test('leaves a Vary alone that it has nothing to add to', async () => {
    const { lines } = await exchange((_request, response) => {
      response.setHeader('vary', ['Origin', 'Accept'])
      sendResponse(response, outgoing())
    })
    expect(lines.filter((line) => /^vary/i.test(line))).toEqual(['vary: Origin', 'vary: Accept'])
  })

  test('comes behind what other caches say in Cache-Status', async () => {
    const { lines } = await exchange((_request, response) => {
      response.setHeader('Cache-Status', 'other; fwd=miss')
      sendResponse(response, outgoing())
    })
    expect(lines).toContain('Cache-Status: other; fwd=miss, restale; hit; ttl=1')
  })

  test('goes through a writeHead that a layer has put there, which sees the headers', async () => {
    let type: unknown
    const { lines } = await exchange((_request, response) => {
      const { writeHead } = response
      response.writeHead = ((...args: unknown[]) => {
        type = response.getHeader('content-type')
        response.setHeader('X-Layer', 'yes')
        return Reflect.apply(writeHead, response, args)
      }) as typeof response.writeHead
      sendResponse(response, outgoing())
    })
    expect(type).toBe('text/plain')
    expect(lines).toContain('X-Layer: yes')
  })
})

test('adds nothing to a list that the application keeps', async () => {
  const links = ['outer', 'too']
  const { lines } = await exchange((_request, response) => {
    response.setHeader('Link', links)
    sendResponse(response, outgoing({ added: ['Link', 'c'] }))
  })
  expect(lines.filter((line) => line.startsWith('Link'))).toEqual(['Link: outer', 'Link: too', 'Link: c'])
  expect(links).toEqual(['outer', 'too'])
})

describe('whatever stands there, what goes out at once is what would be set line by line', () => {
  const standings: Record<string, string | string[]>[] = [
    { 'X-Powered-By': 'outer' },
    { 'X-Powered-By': 'outer', 'content-type': 'outer', Link: ['outer', 'too'] },
    { Vary: 'Cookie' },
    { 'Cache-Status': 'other; hit' },
    { 'CACHE-CONTROL': 'no-store' },
    { 'X-Gone': 'outer' },
  ]
  const responses: Partial<OutgoingResponse>[] = [
    {},
    { defaults: ['Cache-Control', 'max-age=0'] },
    { headers: ['Link', 'a', 'X-One', '1', 'link', 'b'] },
    { added: ['Link', 'c'] },
    { removed: ['x-gone'] },
    { vary: ['origin'] },
    { cacheStatus: undefined },
  ]

  const sorted = ({ lines, body }: { lines: readonly string[]; body: string }) => [
    ...lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort(),
    body,
  ]

  test.each(standings)('%j', async (standing) => {
    for (const parts of responses) {
      const [atOnce, oneByOne] = await Promise.all(
        [sendResponse, sendOneByOne].map((send) =>
          exchange((_request, response) => {
            for (const [name, value] of Object.entries(structuredClone(standing)))
              response.setHeader(name, value)
            send(response, outgoing(parts))
          }),
        ),
      )
      expect(sorted(atOnce as never), JSON.stringify(parts)).toEqual(sorted(oneByOne as never))
    }
  })

  function sendOneByOne(response: ServerResponse, stored: OutgoingResponse): void {
    response.statusCode = stored.status
    setHead(response, stored)
    response.end(stored.body)
  }
})
