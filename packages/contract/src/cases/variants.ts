import assert from 'node:assert/strict'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectRefused, expectStale } from '../harness/expect.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { get, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { RequestHeaders, Site } from '../harness/site.ts'

/** At most so many are kept of one URL. */
const maxVariants = 64

/** Requests that may have the same response, by a field that it varies on, and one that may not. */
interface Likeness {
  readonly id: string
  readonly title: string
  readonly field: string
  readonly same: readonly [string, string, ...string[]]
  readonly other: string
}

const likenesses: readonly Likeness[] = [
  {
    id: 'coding',
    title: 'Accept-Encoding is compared by the codings that it accepts',
    field: 'Accept-Encoding',
    same: ['gzip, br', 'br;q=0.9, gzip;q=0.1', 'BR,x-gzip', 'identity, gzip, br', 'br, gzip, deflate;q=0'],
    other: 'gzip, br;q=0',
  },
  {
    id: 'coding-refused',
    title: 'identity;q=0 makes another request of an Accept-Encoding',
    field: 'Accept-Encoding',
    same: ['gzip, identity;q=0', 'identity;q=0.0,  gzip'],
    other: 'gzip',
  },
  {
    id: 'language',
    title: 'Accept-Language is compared without letter case and white space',
    field: 'Accept-Language',
    same: ['de-CH, en;q=0.5', 'DE-ch,en; q=0.5', ' de-ch ,  en ;q=0.5'],
    other: 'en;q=0.5, de-CH',
  },
  {
    id: 'unknown-field',
    title: 'a field that nobody knows is compared as it is, but for white space at its ends',
    field: 'X-Kind',
    same: ['a,  b', '  a,  b '],
    other: 'A,  b',
  },
]

export const variants: Theme = {
  name: 'several responses of one URL',
  cases: [
    ...likenesses.map(isAlike),
    {
      id: 'vary-several',
      title: 'RFC 9111 §4.1: a response is for requests that are alike in all fields of its Vary',
      places,
      async run(trial) {
        const page = varying(() => ['X-Kind, Accept-Language'], 'x-kind', 'accept-language')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const requests: RequestHeaders[] = [
          { 'X-Kind': 'a', 'Accept-Language': 'en' },
          { 'X-Kind': 'a', 'Accept-Language': 'de' },
          { 'X-Kind': 'b', 'Accept-Language': 'en' },
          { 'X-Kind': 'a' },
          { 'Accept-Language': 'en' },
          {},
        ]
        await keepsApart(site, requests, page)
      },
    },
    {
      id: 'vary-miss',
      title: 'RFC 9211 §2.2: a request for a variant that is not stored is a vary-miss',
      async run(trial) {
        const page = varying(() => ['X-Kind'], 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page', { 'X-Kind': 'a' })
        const other = await site.get('/page', { 'X-Kind': 'b' })
        assert.equal(fieldValue(other, 'cache-status'), 'restale; fwd=vary-miss; stored')
      },
    },
    {
      id: 'vary-lines',
      title: 'RFC 9111 §4.1: lines of Vary are one list, of names without letter case, empty ones skipped',
      places,
      async run(trial) {
        const page = varying(() => ['x-KIND,, ', ', X-Other'], 'x-kind', 'x-other')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await keepsApart(
          site,
          [{ 'X-Kind': 'a' }, { 'X-Kind': 'b' }, { 'X-Kind': 'a', 'X-Other': '1' }],
          page,
        )
      },
    },
    {
      id: 'vary-star-line',
      title: 'RFC 9111 §4.1: a * in any line of Vary matches no request',
      places,
      async run(trial) {
        const page = varying(() => ['X-Kind', 'X-Other, *'], 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectRefused(await site.get('/page'), 'vary')
        expectRefused(await site.get('/page'), 'vary')
      },
    },
    {
      id: 'vary-request-lines',
      title: 'RFC 9111 §4.1: several lines of a request’s field are like one with their list',
      async run(trial) {
        const page = varying(() => ['X-Kind'], 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const headers = [
          ['X-Kind', 'a'],
          ['X-Kind', 'b'],
        ] as const
        expectMiss(await site.request({ path: '/page', headers }))
        expectHit(await site.get('/page', { 'X-Kind': 'a, b' }))
        expectMiss(await site.get('/page', { 'X-Kind': 'b, a' }))
      },
    },
    {
      id: 'vary-empty-field',
      title: 'RFC 9111 §4.1: a field that is empty is not one that is absent',
      async run(trial) {
        const page = varying(() => ['X-Kind'], 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await keepsApart(site, [{}, { 'X-Kind': '' }], page)
      },
    },
    {
      id: 'vary-bound',
      title: `RFC 9111 §4.1: of one URL, the latest ${maxVariants} variants are kept`,
      async run(trial) {
        const page = varying(() => ['X-Kind'], 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const ask = (kind: number) => site.get('/page', { 'X-Kind': `${kind}` })
        for (let kind = 0; kind < maxVariants + 2; kind++) expectMiss(await ask(kind))
        for (let kind = maxVariants + 1; kind >= 2; kind--) expectHit(await ask(kind))
        expectMiss(await ask(1))
      },
    },
    {
      id: 'vary-flood',
      title: 'RFC 9111 §4.1: a flood of variants of one URL takes nothing from another',
      async run(trial) {
        const page = varying(() => ['X-Kind'], 'x-kind')
        const other = origin()
        const routes = [get('/page', page.handle), get('/other', other.handle)]
        const site = await trial.site({ routes })
        expectMiss(await site.get('/other'), 'run 1')
        for (let kind = 0; kind < 4 * maxVariants; kind++) await site.get('/page', { 'X-Kind': `${kind}` })
        expectHit(await site.get('/other'), 'run 1')
      },
    },
    {
      id: 'vary-differs',
      title: 'RFC 9111 §4.1: responses of one URL may vary on different fields',
      places,
      async run(trial) {
        const page = varying((kind) => [kind === 'a' ? 'X-Kind' : 'X-Kind, X-Other'], 'x-kind', 'x-other')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { 'X-Kind': 'a' }), 'a')
        expectMiss(await site.get('/page', { 'X-Kind': 'b', 'X-Other': '1' }), 'b, 1')
        expectHit(await site.get('/page', { 'X-Kind': 'a', 'X-Other': '2' }), 'a')
        expectMiss(await site.get('/page', { 'X-Kind': 'b', 'X-Other': '2' }), 'b, 2')
        expectHit(await site.get('/page', { 'X-Kind': 'b', 'X-Other': '1' }), 'b, 1')
        expectHit(await site.get('/page', { 'X-Kind': 'a' }), 'a')
      },
    },
    {
      id: 'vary-forgotten',
      title: 'RFC 9111 §4.1: a response without Vary, of a URL that varies, takes no other’s place',
      places,
      async run(trial) {
        const page = varying((kind) => (kind === 'a' ? ['X-Kind'] : []), 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { 'X-Kind': 'a' }), 'a')
        expectMiss(await site.get('/page', { 'X-Kind': 'b' }), 'b')
        expectHit(await site.get('/page', { 'X-Kind': 'a' }), 'a')
        expectHit(await site.get('/page', { 'X-Kind': 'b' }), 'b')
      },
    },
    {
      id: 'vary-comes-later',
      title: 'RFC 9111 §4.1: once a response of a URL varies, one from before is nobody else’s',
      places,
      async run(trial) {
        let runs = 0
        const page = varying(() => (++runs === 1 ? [] : ['X-Kind']), 'x-kind')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { 'X-Kind': 'a' }), 'a')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page', { 'X-Kind': 'b' }), 'a')
        await trial.settled()
        expectHit(await site.get('/page', { 'X-Kind': 'b' }), 'b')
        expectMiss(await site.get('/page', { 'X-Kind': 'a' }), 'a')
      },
    },
  ],
}

function isAlike({ id, title, field, same, other }: Likeness): Case {
  return {
    id: `alike-${id}`,
    title: `RFC 9111 §4.1: ${title}`,
    async run(trial) {
      const page = varying(() => [field], field.toLowerCase())
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      expectMiss(await site.get('/page', { [field]: same[0] }))
      for (const value of same) expectHit(await site.get('/page', { [field]: value }), same[0])
      expectMiss(await site.get('/page', { [field]: other }))
      expectMiss(await site.get('/page'))
      assert.equal(page.runs, 3)
    },
  }
}

/** A page that consists of what its requests say in some fields, and has these lines of `Vary`. */
function varying(lines: (first: string | undefined) => readonly string[], ...names: string[]): Origin {
  return origin(({ request, reply }) => {
    const values = names.map((name) => request.header(name))
    for (const line of lines(values[0])) reply.append('Vary', line)
    // Some frameworks make a 204 of an empty text.
    return values.filter((value) => value !== undefined).join(', ') || 'nothing'
  })
}

/** Each request gets a response of its own, which stays when the others come. */
async function keepsApart(site: Site, requests: readonly RequestHeaders[], page: Origin): Promise<void> {
  const bodies: string[] = []
  for (const headers of requests) {
    const miss = await site.get('/page', headers)
    expectMiss(miss)
    bodies.push(miss.body.toString())
  }
  for (const [at, headers] of requests.entries()) expectHit(await site.get('/page', headers), bodies[at])
  assert.equal(page.runs, requests.length)
}
