import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Exchange, Layer } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBody, expectHit, expectMiss, expectRefused, expectStale } from '../harness/expect.ts'
import type { Fields } from '../harness/fields.ts'
import { dateIn, setFields } from '../harness/fields.ts'
import { pair } from '../harness/followers.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Trial } from '../harness/trial.ts'

const whole = '0123456789'
const etag = '"digits"'

/** What is asked for of ten bytes, and what comes. */
interface Form {
  readonly id: string
  readonly range: string
  /** First and last byte of the part; undefined for the whole. */
  readonly part: readonly [number, number] | 'unsatisfiable' | undefined
}

const forms: readonly Form[] = [
  { id: 'first-last', range: 'bytes=2-4', part: [2, 4] },
  { id: 'one-byte', range: 'bytes=0-0', part: [0, 0] },
  { id: 'to-the-end', range: 'bytes=7-', part: [7, 9] },
  { id: 'beyond-the-end', range: 'bytes=7-99', part: [7, 9] },
  { id: 'all', range: 'bytes=0-', part: [0, 9] },
  { id: 'suffix', range: 'bytes=-3', part: [7, 9] },
  { id: 'long-suffix', range: 'bytes=-99', part: [0, 9] },
  { id: 'unit-case', range: 'BYTES=2-4', part: [2, 4] },
  { id: 'behind-the-end', range: 'bytes=10-', part: 'unsatisfiable' },
  { id: 'far-behind', range: 'bytes=50-60', part: 'unsatisfiable' },
  { id: 'empty-suffix', range: 'bytes=-0', part: 'unsatisfiable' },
  { id: 'several', range: 'bytes=0-1, 4-5', part: undefined },
  { id: 'reversed', range: 'bytes=4-2', part: undefined },
  { id: 'no-number', range: 'bytes=a-b', part: undefined },
  { id: 'no-bounds', range: 'bytes=-', part: undefined },
  { id: 'other-unit', range: 'lines=0-1', part: undefined },
  { id: 'no-unit', range: '0-1', part: undefined },
]

/** What `If-Range` says of a response with some validators, and whether the part goes out. */
interface Condition {
  readonly id: string
  readonly title: string
  readonly fields: (trial: Trial) => Fields
  readonly ifRange: (trial: Trial) => string
  readonly isPart: boolean
}

const conditions: readonly Condition[] = [
  {
    id: 'tag',
    title: 'the stored ETag gets the part',
    fields: () => ({ ETag: etag }),
    ifRange: () => etag,
    isPart: true,
  },
  {
    id: 'other-tag',
    title: 'another ETag gets the whole',
    fields: () => ({ ETag: etag }),
    ifRange: () => '"letters"',
    isPart: false,
  },
  {
    id: 'weak-tag',
    title: 'a weak ETag gets the whole, even if it is the stored one',
    fields: () => ({ ETag: `W/${etag}` }),
    ifRange: () => `W/${etag}`,
    isPart: false,
  },
  {
    id: 'date',
    title: 'the date of the stored response gets the part',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -100) }),
    ifRange: (trial) => dateIn(trial, -100),
    isPart: true,
  },
  {
    id: 'later-date',
    title: 'a later date gets the whole',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -100) }),
    ifRange: (trial) => dateIn(trial, -50),
    isPart: false,
  },
  {
    id: 'young-date',
    title: 'a date of the same second as the response gets the whole',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, 0) }),
    ifRange: (trial) => dateIn(trial, 0),
    isPart: false,
  },
]

const compression: Layer = { kind: 'layer', isCompression: true, run: () => undefined }

/** How a handler makes its response of what it sees of ranges. */
const seenOf = ({ request }: Exchange) => [request.header('range'), request.header('if-range')]

export const ranges: Theme = {
  name: 'ranges',
  cases: [
    ...forms.map(isCut),
    ...conditions.map(decides),
    {
      id: 'range-warm',
      title: 'RFC 9110 §14.2: a part of what is stored has its validators and its age, and says so',
      places,
      async run(trial) {
        const { page, seen } = digits()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(5_000)
        const part = await site.get('/page', { Range: 'bytes=0-1' })
        expectPart(part, 0, 1)
        expectHit(part)
        assert.equal(fieldValue(part, 'etag'), etag)
        assert.equal(fieldValue(part, 'age'), '5')
        assert.equal(fieldValue(part, 'x-kind'), 'digits')
        expectHit(await site.get('/page'), whole)
        assert.deepEqual(seen, [[undefined, undefined]])
      },
    },
    {
      id: 'range-cold',
      title:
        'RFC 9110 §14.2: on a cold key that is decided, the whole is made and stored, and a part goes out',
      places,
      async run(trial) {
        const { page, seen } = digits()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const part = await site.get('/page', { Range: 'bytes=2-4', 'If-Range': etag })
        expectPart(part, 2, 4)
        assert.equal(fieldValue(part, 'cache-status'), 'restale; fwd=uri-miss; fwd-status=200; stored')
        assert.deepEqual(seen, [[undefined, undefined]])
        expectHit(await site.get('/page'), whole)
      },
    },
    {
      id: 'range-cold-unsatisfiable',
      title: 'RFC 9110 §15.5.17: on a cold key, too, what is not there is a 416, and the whole is stored',
      places,
      async run(trial) {
        const { page } = digits()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectUnsatisfiable(await site.get('/page', { Range: 'bytes=10-' }))
        expectHit(await site.get('/page'), whole)
      },
    },
    {
      id: 'range-cold-stream',
      title:
        'RFC 9110 §14.2: on a cold key, a stream goes out whole where it is not held back, and is stored so',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          setFields(reply, { ETag: etag })
          return { stream: parts('01234', '56789') }
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const first = await site.get('/page', { Range: 'bytes=2-4' })
        if (first.status === 206) expectPart(first, 2, 4)
        else {
          assert.equal(first.status, 200)
          expectMiss(first, whole)
          assert.equal(fieldValue(first, 'content-range'), undefined)
        }
        expectPart(await site.get('/page', { Range: 'bytes=2-4' }), 2, 4)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'range-undecided',
      title:
        'RFC 9110 §14.2: until a response is decided, ranges are the handler’s, and its 206 passes unstored',
      places,
      async run(trial) {
        const seen: unknown[] = []
        const page = origin((exchange, run) => {
          const { request, reply } = exchange
          seen.push(request.header('range'))
          trial.cache.cacheLife(life)
          if (seen.at(-1) === undefined) return `run ${run}`
          reply.status(206)
          reply.header('Content-Range', 'bytes 0-1/5')
          return 'ru'
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        const part = await site.get('/page', { Range: 'bytes=0-1' })
        assert.equal(part.status, 206)
        expectRefused(part, 'status-206', 'ru')
        assert.deepEqual(seen, ['bytes=0-1'])
        assert.equal((await site.get('/page')).body.toString(), 'run 2')
      },
    },
    {
      id: 'range-follower',
      title: 'RFC 9110 §14.2: who waits for the whole gets the part that it has asked for',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ reply }) => {
          await slow.wait()
          reply.header('ETag', etag)
          return whole
        })
        const { site, leader, follower } = await pair(trial, page, slow)
        const part = await site.send({ path: '/page', headers: [['Range', 'bytes=2-4']] })
        slow.open()
        expectMiss(await leader.response(), whole)
        expectBody(await follower.response(), whole)
        expectPart(await part.response(), 2, 4)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'range-stale',
      title: 'RFC 9110 §14.2: a part of what is stale goes out at once, and the refill asks for the whole',
      places,
      async run(trial) {
        const { page, seen } = digits()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        const part = await site.get('/page', { Range: 'bytes=2-4' })
        expectPart(part, 2, 4)
        expectStale(part)
        await trial.settled()
        expectHit(await site.get('/page'), whole)
        assert.deepEqual(seen, [
          [undefined, undefined],
          [undefined, undefined],
        ])
      },
    },
    {
      id: 'range-not-modified',
      title: 'RFC 9110 §13.2.2: a client’s condition comes before its range',
      places,
      async run(trial) {
        const { page } = digits()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const response = await site.get('/page', { Range: 'bytes=0-1', 'If-None-Match': etag })
        assert.equal(response.status, 304)
        assert.equal(fieldValue(response, 'content-range'), undefined)
        expectPart(await site.get('/page', { Range: 'bytes=0-1', 'If-None-Match': '"letters"' }), 0, 1)
      },
    },
    {
      id: 'range-head',
      title: 'RFC 9110 §14.2: a range means nothing to a HEAD',
      places,
      async run(trial) {
        const { page } = digits()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const response = await site.head('/page', { Range: 'bytes=0-1' })
        assert.equal(response.status, 200)
        expectHit(response, '')
        assert.equal(fieldValue(response, 'content-length'), '10')
        assert.equal(fieldValue(response, 'content-range'), undefined)
      },
    },
    {
      id: 'range-other-status',
      title: 'RFC 9110 §14.2: only a 200 has parts',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.status(404)
          return whole
        })
        const options = { life, statuses: [404] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (let time = 1; time <= 2; time++) {
          const response = await site.get('/page', { Range: 'bytes=0-1' })
          assert.equal(response.status, 404)
          expectBody(response, whole)
        }
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'range-of-coded',
      title: 'RFC 9110 §14.1.2: a range is one of the bytes as they are coded',
      places,
      async run(trial) {
        const bytes = Buffer.from([0x1f, 0x8b, 0xff, 0x00, 0xe4])
        const page = origin(({ reply }) => {
          setFields(reply, { ETag: etag, 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' })
          return bytes
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const part = await site.get('/page', { Range: 'bytes=1-3', 'Accept-Encoding': 'gzip' })
        assert.equal(part.status, 206)
        assert.equal(fieldValue(part, 'content-encoding'), 'gzip')
        assert.deepEqual([...part.body], [...bytes.subarray(1, 4)])
      },
    },
    {
      id: 'range-below-compression',
      title: 'RFC 9110 §14.1.2: compression above the cache leaves a part as it is',
      places,
      needs: 'compression',
      async run(trial) {
        const text = '0123456789'.repeat(200)
        const page = origin(({ reply }) => {
          setFields(reply, { ETag: etag, 'Content-Type': 'text/plain' })
          return text
        })
        const site = await trial.site({ above: [compression], routes: [get('/page', page.handle)] })
        const asked = { Range: 'bytes=5-1004', 'Accept-Encoding': 'gzip' }
        for (let time = 1; time <= 2; time++) {
          const part = await site.get('/page', asked)
          assert.equal(part.status, 206)
          assert.equal(fieldValue(part, 'content-encoding'), undefined)
          assert.equal(fieldValue(part, 'content-range'), 'bytes 5-1004/2000')
          expectBody(part, text.slice(5, 1005))
        }
        assert.equal(page.runs, 1)
      },
    },
  ],
}

function isCut({ id, range, part }: Form): Case {
  const outcome = part === undefined ? 'the whole' : part === 'unsatisfiable' ? 'a 416' : 'that part'
  return {
    id: `range-${id}`,
    title: `RFC 9110 §14.1.2: “${range}” of ten bytes gets ${outcome}`,
    places: ['root'],
    async run(trial) {
      const { page } = digits()
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      await site.get('/page')
      const response = await site.get('/page', { Range: range })
      if (part === undefined) {
        assert.equal(response.status, 200)
        expectHit(response, whole)
      } else if (part === 'unsatisfiable') expectUnsatisfiable(response)
      else expectPart(response, ...part)
      assert.equal(page.runs, 1)
    },
  }
}

function decides({ id, title, fields, ifRange, isPart }: Condition): Case {
  return {
    id: `if-range-${id}`,
    title: `RFC 9110 §13.1.5: in If-Range, ${title}`,
    places: ['root'],
    async run(trial) {
      const { page } = digits(fields(trial))
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      await site.get('/page')
      const response = await site.get('/page', { Range: 'bytes=0-1', 'If-Range': ifRange(trial) })
      if (isPart) expectPart(response, 0, 1)
      else expectHit(response, whole)
    },
  }
}

/** Ten bytes, by a handler that notes what it sees of ranges. */
function digits(fields: Fields = { ETag: etag }): { readonly page: Origin; readonly seen: unknown[] } {
  const seen: unknown[] = []
  const page = origin((exchange) => {
    seen.push(seenOf(exchange))
    setFields(exchange.reply, { 'X-Kind': 'digits', ...fields })
    return whole
  })
  return { page, seen }
}

function expectPart(response: RawResponse, first: number, last: number): void {
  assert.equal(response.status, 206)
  assert.equal(fieldValue(response, 'content-range'), `bytes ${first}-${last}/${whole.length}`)
  assert.equal(fieldValue(response, 'content-length'), `${last - first + 1}`)
  expectBody(response, whole.slice(first, last + 1))
}

function expectUnsatisfiable(response: RawResponse): void {
  assert.equal(response.status, 416)
  assert.equal(fieldValue(response, 'content-range'), `bytes */${whole.length}`)
  expectBody(response, '')
}
