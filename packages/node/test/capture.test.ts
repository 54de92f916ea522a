import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Capture, HeadPlan } from '@restale/core/http'
import { describe, expect, test } from 'vitest'
import { ResponseCapture } from '../src/capture.ts'
import type { Wire } from './support.ts'
import { exchange, quiet } from './support.ts'

type Head = Parameters<Capture['head']>[0]

const untouched: HeadPlan = {
  set: [],
  removed: [],
  cacheStatus: undefined,
  isNotModified: false,
  part: undefined,
  isRecorded: false,
}

/** Stands where the core's capture stands, and writes down what it is shown. */
class Witness {
  readonly scope = { isDecided: false }
  readonly seen: string[] = []
  readonly conditions: readonly string[] = []
  readonly plan: HeadPlan
  isRecording = false
  onDecided: (() => void) | undefined
  heads: Head[] = []

  constructor(plan: Partial<HeadPlan> = {}) {
    this.plan = { ...untouched, ...plan }
  }

  replacement(): undefined {}

  stopValidating(): void {}

  head(head: Head): HeadPlan {
    this.heads.push(head)
    this.seen.push(
      `head ${head.status}${head.body === undefined ? '' : ` ${Buffer.from(head.body).toString()}`}`,
    )
    this.isRecording = this.plan.isRecorded
    return this.plan
  }

  write(chunk: Uint8Array): void {
    this.seen.push(`write ${Buffer.from(chunk).toString()}`)
  }

  headOut(): undefined {}

  end(): void {
    this.seen.push('end')
  }

  fail(error: unknown): void {
    this.seen.push(`fail ${(error as Error).message}`)
  }

  abort(error: unknown): void {
    this.seen.push(`fail ${(error as Error).message}`)
  }
}

async function captured(
  witness: Witness,
  handle: (response: ServerResponse, request: IncomingMessage, capture: ResponseCapture) => unknown,
  options: { before?: (response: ServerResponse) => void; lines?: readonly string[] } = {},
): Promise<Wire> {
  const { before = () => {}, lines = [] } = options
  const wire = await exchange(
    async (request, response) => {
      before(response)
      const facts = { isAuthenticated: () => false, route: () => '/route' }
      const capture = new ResponseCapture(request, response, witness as unknown as Capture, facts)
      await handle(response, request, capture)
    },
    { lines },
  )
  await quiet()
  return wire
}

describe('what the capture is shown', () => {
  test('a body in one piece comes with the head, and nothing after it', async () => {
    const witness = new Witness()
    const { body, lines } = await captured(witness, (response) => response.end('body'))
    expect(witness.seen).toEqual(['head 200 body'])
    expect(body).toBe('body')
    expect(lines).toEqual(['Content-Length: 4'])
  })

  test('chunks come in order, decoded, then the end', async () => {
    const witness = new Witness({ isRecorded: true })
    const { body } = await captured(witness, (response) => {
      response.write('a')
      response.write(new Uint8Array([98]))
      response.write('Yw==', 'base64')
      response.end('64', 'hex')
    })
    expect(witness.seen).toEqual(['head 200', 'write a', 'write b', 'write c', 'write d', 'end'])
    expect(body.match(/^\w\r\n/gm)?.length).toBeGreaterThan(1)
  })

  test('what is not recorded is not shown, and its end is', async () => {
    const witness = new Witness()
    await captured(witness, (response) => {
      response.write('a')
      response.end('b')
    })
    expect(witness.seen).toEqual(['head 200', 'end'])
  })

  test('lines and baseline: all that stands there, and what stood there before', async () => {
    const witness = new Witness()
    await captured(
      witness,
      (response) => {
        response.setHeader('X-Own', '1')
        response.writeHead(201, { 'X-Head': '2' }).end()
      },
      { before: (response) => response.setHeader('X-Outer', '0') },
    )
    const [head] = witness.heads
    expect(head?.status).toBe(201)
    expect(head?.baseline).toEqual(['X-Outer', '0'])
    expect(head?.lines).toEqual(['X-Outer', '0', 'X-Own', '1', 'X-Head', '2'])
    expect([head?.isAuthenticated, head?.route]).toEqual([false, '/route'])
  })

  test('informational heads are not', async () => {
    const witness = new Witness()
    await captured(witness, (response) => {
      response.writeProcessing()
      response.end('x')
    })
    expect(witness.seen).toEqual(['head 200 x'])
  })

  test('what layers further in do to the response is seen, what layers outside do is not', async () => {
    const witness = new Witness()
    const adding = (name: string) => (response: ServerResponse) => {
      const { writeHead } = response
      response.writeHead = ((...args: unknown[]) => {
        response.setHeader(name, '1')
        return Reflect.apply(writeHead, response, args)
      }) as typeof response.writeHead
    }
    const { lines } = await captured(
      witness,
      (response) => {
        adding('X-Inner')(response)
        response.end('x')
      },
      { before: adding('X-Outside') },
    )
    expect(witness.heads[0]?.lines).toEqual(['X-Inner', '1'])
    expect(lines).toEqual(expect.arrayContaining(['X-Inner: 1', 'X-Outside: 1']))
  })

  test('a response that closes before it is complete has failed', async () => {
    const witness = new Witness({ isRecorded: true })
    await captured(witness, (response) => response.write('half', () => response.destroy()))
    expect(witness.seen).toEqual([
      'head 200',
      'write half',
      'fail The response was closed before it was complete',
    ])
  })

  test.each<[string, number, Record<string, string>, RegExp]>([
    ['status', 1000, { 'X-Head': 'new', 'X-Stands': 'new' }, /^head 1000.*,fail Invalid status code: 1000/],
    ['header', 200, { 'X-Head': 'new', 'X-Stands': 'a\nb' }, /^head 500 failed$/],
  ])('a head that Node refuses for its %s leaves nothing of itself', async (_what, status, headers, seen) => {
    const witness = new Witness()
    const { statusLine, lines, body } = await captured(witness, (response) => {
      response.setHeader('X-Stands', ['old', 'older'])
      expect(() => response.writeHead(status, headers)).toThrow()
      expect(response.statusCode).toBe(200)
      response.statusCode = 500
      response.end('failed')
    })
    expect(String(witness.seen)).toMatch(seen)
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error')
    expect(lines.filter((line) => line.startsWith('X-'))).toEqual(['X-Stands: old', 'X-Stands: older'])
    expect(body).toContain('failed')
  })

  test('a response that Node refuses to send has failed, and leaves none of our lines', async () => {
    const witness = new Witness({ set: ['ETag', '"x"'], cacheStatus: 'restale; fwd=uri-miss; stored' })
    const { statusLine, lines } = await captured(witness, (response) => {
      expect(() => response.writeHead(1000)).toThrow(RangeError)
      response.statusCode = 500
      response.end('sorry')
    })
    expect(witness.seen[1]).toMatch(/^fail Invalid status code/)
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error')
    expect(lines).toEqual(['Content-Length: 5'])
  })
})

describe('what goes out', () => {
  test('the lines of the plan and its Cache-Status are set', async () => {
    const witness = new Witness({
      set: ['ETag', '"x"', 'Link', 'a', 'Link', 'b'],
      cacheStatus: 'restale; fwd=miss',
    })
    const { lines } = await captured(witness, (response) => response.end('x'))
    expect(lines).toEqual(
      expect.arrayContaining(['ETag: "x"', 'Link: a', 'Link: b', 'Cache-Status: restale; fwd=miss']),
    )
  })

  test('a 304 of the plan goes out without body and without what describes one', async () => {
    const witness = new Witness({ isNotModified: true })
    let isDone = false
    const { statusLine, lines, body } = await captured(witness, async (response) => {
      response.setHeader('Content-Type', 'text/plain')
      response.setHeader('Content-Length', 4)
      response.setHeader('ETag', '"x"')
      await new Promise<void>((resolve) => response.end('body', resolve))
      isDone = true
    })
    expect(statusLine).toBe('HTTP/1.1 304 Not Modified')
    expect([lines, body, isDone]).toEqual([['ETag: "x"'], '', true])
  })

  test.each<[206 | 416, number, number, string]>([
    [206, 1, 3, 'od'],
    [416, 0, 0, ''],
  ])('of a whole body, the part of the plan goes out: %i', async (status, start, end, text) => {
    const set = ['Content-Range', 'bytes x', 'Content-Length', String(end - start)]
    const witness = new Witness({ part: { status, start, end, set } })
    const { statusLine, lines, body } = await captured(witness, (response) => {
      response.statusMessage = 'Mine'
      response.setHeader('Content-Length', 4)
      response.end('body')
    })
    expect(statusLine).toBe(`HTTP/1.1 ${status} ${STATUS_CODES[status]}`)
    expect(lines.toSorted()).toEqual([`Content-Length: ${end - start}`, 'Content-Range: bytes x'])
    expect([body, witness.seen]).toEqual([text, ['head 200 body']])
  })

  test.each<[string, Partial<HeadPlan>, string]>([
    ['a part', { part: { status: 206, start: 1, end: 3, set: ['Content-Length', '2'] } }, 'od'],
    ['a 304', { isNotModified: true }, ''],
  ])('%s of what would have come in chunks does not', async (_what, plan, text) => {
    const { lines, body } = await captured(new Witness(plan), (response) => {
      response.setHeader('Transfer-Encoding', 'chunked')
      response.setHeader('Trailer', 'X-Behind')
      response.addTrailers({ 'X-Behind': '1' })
      response.end('body')
    })
    expect([lines, body]).toEqual([plan.part?.set === undefined ? [] : ['Content-Length: 2'], text])
  })

  test('what the plan removes does not go out', async () => {
    const witness = new Witness({ removed: ['cache-tag', 'surrogate-key'] })
    const { lines } = await captured(witness, (response) => {
      response.setHeader('Cache-Tag', 'a')
      response.writeHead(200, { 'Surrogate-Key': 'b', 'X-Own': '1' }).end()
    })
    expect(lines).toEqual(['X-Own: 1', 'Transfer-Encoding: chunked'])
  })

  test('neither 204 nor 304 of the handler gets a length', async () => {
    for (const status of [204, 304]) {
      const { lines } = await captured(new Witness(), (response) => {
        response.statusCode = status
        response.end()
      })
      expect(lines).toEqual([])
    }
  })

  test('an empty body has its length', async () => {
    const { lines } = await captured(new Witness(), (response) => response.end())
    expect(lines).toEqual(['Content-Length: 0'])
  })

  test('a length or a framing that the handler has set stays', async () => {
    const chunked = await captured(new Witness(), (response) => {
      response.setHeader('Transfer-Encoding', 'chunked')
      response.end('x')
    })
    expect(chunked.lines).toEqual(['Transfer-Encoding: chunked'])
    expect(chunked.body).toBe('1\r\nx\r\n0\r\n\r\n')
  })

  test('a writer is told to go on while its response is recorded, else when its client is ready', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024)
    for (const isRecorded of [true, false]) {
      let isReady: boolean | undefined
      await captured(new Witness({ isRecorded }), (response) => {
        isReady = response.write(large)
        response.end()
      })
      expect(isReady).toBe(isRecorded)
    }
  })
})

describe('conditions of the request', () => {
  const lines = ['If-None-Match: "a"']

  test('are hidden from the handler once it is decided that the response is meant to be cached', async () => {
    const witness = new Witness()
    const seen: unknown[] = []
    const look = (request: IncomingMessage) => seen.push(request.headers['if-none-match'])
    await captured(
      witness,
      (response, request) => {
        look(request)
        witness.onDecided?.()
        look(request)
        response.end('x')
        look(request)
      },
      { lines },
    )
    expect(seen).toEqual(['"a"', undefined, '"a"'])
  })

  test('are hidden from the start where it is decided from the start', async () => {
    const witness = new Witness()
    witness.scope.isDecided = true
    await captured(
      witness,
      (response, request) => {
        expect(request.headers).not.toHaveProperty('if-none-match')
        response.end()
      },
      { lines },
    )
  })

  test('are given back when another mount takes over', async () => {
    const witness = new Witness()
    witness.scope.isDecided = true
    await captured(
      witness,
      (response, request, capture) => {
        capture.restoreRequest()
        expect(request.headers['if-none-match']).toBe('"a"')
        response.end()
      },
      { lines },
    )
  })

  test('stay where they are when the decision comes after the head', async () => {
    const witness = new Witness()
    await captured(
      witness,
      (response, request) => {
        response.write('x')
        witness.onDecided?.()
        expect(request.headers['if-none-match']).toBe('"a"')
        response.end()
      },
      { lines },
    )
  })
})

describe('what Node refuses', () => {
  test('is refused before any head is out', async () => {
    const witness = new Witness()
    const { statusLine, body } = await captured(witness, (response) => {
      expect(() => response.write(5 as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
      expect(() => response.end({} as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
      expect(response.headersSent).toBe(false)
      response.statusCode = 500
      response.end('sorry')
    })
    expect([statusLine, body]).toEqual(['HTTP/1.1 500 Internal Server Error', 'sorry'])
    expect(witness.seen).toEqual(['head 500 sorry'])
  })

  test('a second end calls back as without a cache, and sends nothing', async () => {
    const witness = new Witness()
    let refused: unknown
    const { body } = await captured(witness, async (response) => {
      response.end('first')
      await new Promise<void>((resolve) => {
        response.end((error?: Error) => {
          refused = error
          resolve()
        })
      })
    })
    expect(body).toBe('first')
    expect((refused as Error | null)?.message).toBe(((await refusalOfBareNode()) as Error | null)?.message)
    expect(witness.seen).toEqual(['head 200 first'])
  })
})

/** What a second end calls back with is another error from version to version of Node, and none from 24 on. */
async function refusalOfBareNode(): Promise<unknown> {
  let refusal: unknown
  const server = createServer((_request, response) => {
    response.end('first')
    response.end((error?: Error | null) => {
      refusal = error
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text()
  server.close()
  await once(server, 'close')
  return refusal
}
