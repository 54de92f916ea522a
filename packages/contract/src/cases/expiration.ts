import assert from 'node:assert/strict'
import { rfc9111 } from '@restale/core'
import type { CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectRefused } from '../harness/expect.ts'
import type { Fields } from '../harness/fields.ts'
import { dateIn, pageWith } from '../harness/fields.ts'
import { get, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Trial } from '../harness/trial.ts'

/** A response with these fields, and what is left of its life in the next moment. */
interface Lifetime {
  readonly id: string
  readonly title: string
  readonly fields: (trial: Trial) => Fields
  readonly status?: number
  /** @default those of `rfc9111` */
  readonly options?: CacheOptions
  /** Seconds; undefined if it must not be used again. */
  readonly ttl: number | undefined
}

const day = 86_400

/** What stands in the place of the seconds of `max-age`, and what is left then. */
const arguments_: readonly (readonly [name: string, argument: string, ttl: number | undefined])[] = [
  ['negative', '-1', undefined],
  ['decimal', '6.5', undefined],
  ['letters-behind', '60a', undefined],
  ['letters-before', 'a60', undefined],
  ['single-quotes', "'60'", undefined],
  ['nothing', '', undefined],
  ['zero', '0', undefined],
  ['quoted', '"60"', 60],
  ['leading-zeros', '0060', 60],
  ['overflow', '99999999999999999999', 2 ** 31],
]

const dates: readonly (readonly [name: string, of: (date: Date) => string, ttl: number | undefined])[] = [
  ['imf', (date) => date.toUTCString(), 60],
  ['rfc-850', rfc850, 60],
  ['asctime', asctime, 60],
  ['zero', () => '0', undefined],
  ['iso', (date) => date.toISOString(), undefined],
  ['other-zone', (date) => date.toUTCString().replace('GMT', 'UTC'), undefined],
]

const lifetimes: readonly Lifetime[] = [
  {
    id: 'lifetime-s-maxage-first',
    title: '§4.2.1: s-maxage counts before max-age and Expires',
    fields: (trial) => ({ 'Cache-Control': 'max-age=20, s-maxage=30', Expires: dateIn(trial, 40) }),
    ttl: 30,
  },
  {
    id: 'lifetime-max-age-next',
    title: '§5.3: max-age counts before Expires',
    fields: (trial) => ({ 'Cache-Control': 'max-age=20', Expires: dateIn(trial, 40) }),
    ttl: 20,
  },
  {
    id: 'lifetime-max-age-over-invalid-expires',
    title: '§5.3: with max-age, an Expires that is no date means nothing',
    fields: () => ({ 'Cache-Control': 'max-age=20', Expires: '0' }),
    ttl: 20,
  },
  {
    id: 'lifetime-expires-from-date',
    title: '§4.2.1: Expires counts from Date, and the time since Date is age',
    fields: (trial) => ({ Date: dateIn(trial, -10), Expires: dateIn(trial, 40) }),
    ttl: 40,
  },
  {
    id: 'lifetime-expires-twice',
    title: '§4.2.1: two Expires that contradict each other are none',
    fields: (trial) => ({ Expires: `${dateIn(trial, 40)}, ${dateIn(trial, 50)}` }),
    ttl: undefined,
  },
  ...dates.map(
    ([name, of, ttl]): Lifetime => ({
      id: `lifetime-expires-${name}`,
      title: `§5.3: an Expires of the form “${name}” ${ttl === undefined ? 'has passed' : 'counts'}`,
      fields: ({ clock }) => ({ Expires: of(new Date(clock.now() + 60_000)) }),
      ttl,
    }),
  ),
  ...arguments_.map(
    ([name, argument, ttl]): Lifetime => ({
      id: `lifetime-argument-${name}`,
      title: `§1.2.2: “max-age=${argument}” is ${ttl === undefined ? 'stale at once' : `${ttl} seconds`}`,
      fields: () => ({ 'Cache-Control': `max-age=${argument}` }),
      ttl,
    }),
  ),
  {
    id: 'lifetime-invalid-s-maxage',
    title: '§4.2.1: an s-maxage that is no number does not give way to max-age',
    fields: () => ({ 'Cache-Control': 's-maxage=x, max-age=60' }),
    ttl: undefined,
  },
  {
    id: 'lifetime-max-age-twice',
    title: '§4.2.1: of two max-age, the shorter counts',
    fields: () => ({ 'Cache-Control': 'max-age=60, max-age=20' }),
    ttl: 20,
  },
  {
    id: 'lifetime-directive-case',
    title: '§5.2: directives have no letter case',
    fields: () => ({ 'Cache-Control': 'PUBLIC, Max-Age=60' }),
    ttl: 60,
  },
  {
    id: 'lifetime-quoted-strings',
    title: '§5.2: what stands in a quoted string is no directive',
    fields: () => ({ 'Cache-Control': 'x-note="no-store, max-age=1, \\"", max-age=60' }),
    ttl: 60,
  },
  {
    id: 'lifetime-lines',
    title: '§5.2: several lines of Cache-Control are one list',
    fields: () => ({ 'Cache-Control': ['max-age=60', 's-maxage=30'] }),
    ttl: 30,
  },
  {
    id: 'lifetime-lines-restrict',
    title: '§5.2: a no-store in a line of its own counts',
    fields: () => ({ 'Cache-Control': ['max-age=60', 'no-store'] }),
    ttl: undefined,
  },
  {
    id: 'lifetime-age',
    title: '§4.2.3: the Age that a response brings is part of its life',
    fields: () => ({ 'Cache-Control': 'max-age=60', Age: '20' }),
    ttl: 40,
  },
  {
    id: 'lifetime-age-list',
    title: '§5.1: of a list of ages, the first counts',
    fields: () => ({ 'Cache-Control': 'max-age=60', Age: '20, 5' }),
    ttl: 40,
  },
  {
    id: 'lifetime-age-invalid',
    title: '§5.1: an Age that is no number means nothing',
    fields: () => ({ 'Cache-Control': 'max-age=60', Age: '-20' }),
    ttl: 60,
  },
  {
    id: 'lifetime-age-beyond',
    title: '§4.2: what is older than its life when it comes is stale',
    fields: () => ({ 'Cache-Control': 'max-age=60', Age: '60' }),
    ttl: undefined,
  },
  {
    id: 'lifetime-age-and-date',
    title: '§4.2.3: of Age and the time since Date, the greater one is the age',
    fields: (trial) => ({ 'Cache-Control': 'max-age=60', Age: '5', Date: dateIn(trial, -30) }),
    ttl: 30,
  },
  {
    id: 'heuristic',
    title: '§4.2.2: without an explicit life, a tenth of the time since Last-Modified',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -1_000) }),
    ttl: 100,
  },
  {
    id: 'heuristic-cap',
    title: '§4.2.2: a guessed life is a day at most',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -100 * day) }),
    ttl: day,
  },
  {
    id: 'heuristic-status',
    title: '§4.2.2: the life of a 404 may be guessed, too',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -1_000) }),
    status: 404,
    ttl: 100,
  },
  {
    id: 'heuristic-public',
    title: '§4.2.2: public lets the life of a 302 be guessed, too',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -1_000), 'Cache-Control': 'public' }),
    status: 302,
    ttl: 100,
  },
  {
    id: 'heuristic-not-beside-explicit',
    title: '§4.2.2: no life is guessed where there is one, be it over',
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -1_000), Expires: dateIn(trial, -1) }),
    ttl: undefined,
  },
  {
    id: 'heuristic-off',
    title: '§4.2.2: no life is guessed unless the options say so',
    options: { ...rfc9111(), heuristics: false },
    fields: (trial) => ({ 'Last-Modified': dateIn(trial, -1_000) }),
    ttl: undefined,
  },
]

const targeted: readonly Lifetime[] = [
  {
    id: 'targeted-over-no-store',
    title: '§2.2: a targeted field decides alone, over Cache-Control and Expires',
    fields: () => ({ 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'no-store', Expires: '0' }),
    ttl: 60,
  },
  ...['no-store', 'private', 'no-cache'].map(
    (directive): Lifetime => ({
      id: `targeted-${directive}`,
      title: `§2.2: a targeted ${directive} holds, whatever Cache-Control says`,
      fields: () => ({ 'CDN-Cache-Control': directive, 'Cache-Control': 'max-age=60' }),
      ttl: undefined,
    }),
  ),
  {
    id: 'targeted-without-life',
    title: '§2.2: a targeted field that tells no life takes none of Cache-Control and Expires',
    fields: (trial) => ({
      'CDN-Cache-Control': 'must-revalidate',
      'Cache-Control': 'max-age=60',
      Expires: dateIn(trial, 60),
    }),
    ttl: undefined,
  },
  {
    id: 'targeted-parameters',
    title: '§2.1: parameters and unknown members of a targeted field mean nothing',
    fields: () => ({ 'CDN-Cache-Control': 'x-own=(1 2), max-age=30;a="b"', 'Cache-Control': 'max-age=60' }),
    ttl: 30,
  },
  ...['MaX-aGe=30', 'max-age="30"', 'max-age=3.5', 'max-age=30, &', ''].map(
    (value, index): Lifetime => ({
      id: `targeted-invalid-${index + 1}`,
      title: `§2.1: a targeted field that is “${value}” counts as not there`,
      fields: () => ({ 'CDN-Cache-Control': value, 'Cache-Control': 'max-age=60' }),
      ttl: 60,
    }),
  ),
  {
    id: 'targeted-age',
    title: '§2.2: Age is part of a targeted life, too',
    fields: () => ({ 'CDN-Cache-Control': 'max-age=60', Age: '20' }),
    ttl: 40,
  },
  {
    id: 'targeted-order',
    title: '§2.2: of several targeted fields, the first that is on the list decides',
    options: { ...rfc9111(), targetedFields: ['our-cache-control', 'cdn-cache-control'] },
    fields: () => ({ 'CDN-Cache-Control': 'max-age=60', 'Our-Cache-Control': 'max-age=30' }),
    ttl: 30,
  },
  {
    id: 'targeted-not-ours',
    title: '§2.2: a targeted field that is not on the list is for others',
    options: { ...rfc9111(), targetedFields: [] },
    fields: () => ({ 'CDN-Cache-Control': 'max-age=30', 'Cache-Control': 'max-age=60' }),
    ttl: 60,
  },
]

export const expiration: Theme = {
  name: 'how long a response is fresh',
  cases: [
    ...lifetimes.map((each) => lives('RFC 9111', each)),
    ...targeted.map((each) => lives('RFC 9213', each)),
    {
      id: 'targeted-not-by-default',
      title: 'RFC 9213 §2.2: by default no field is for this cache alone, and none opts in',
      places,
      async run(trial) {
        const page = pageWith({ 'CDN-Cache-Control': 'max-age=60' })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        expectRefused(await site.get('/page'), 'not-opted-in', 'run 1')
        expectRefused(await site.get('/page'), 'not-opted-in', 'run 2')
      },
    },
    {
      id: 'targeted-passed-on',
      title: 'RFC 9213 §2: a targeted field goes out to other caches as it is',
      places,
      async run(trial) {
        const page = pageWith({ 'CDN-Cache-Control': 'max-age=60, x=1', 'Cache-Control': 'no-cache' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        for (let time = 1; time <= 2; time++) {
          const response = await site.get('/page')
          assert.equal(fieldValue(response, 'cdn-cache-control'), 'max-age=60, x=1')
          assert.equal(fieldValue(response, 'cache-control'), 'no-cache')
        }
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'fresh-until',
      title: 'RFC 9111 §4.2: a response is fresh as long as its life is greater than its age',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 'max-age=10' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(9_999)
        assert.equal(fieldValue(await site.get('/page'), 'cache-status'), 'restale; hit; ttl=1')
        trial.clock.advance(1)
        assert.equal((await site.get('/page')).body.toString(), 'run 2')
      },
    },
  ],
}

function lives(rfc: string, { id, title, fields, status, options = rfc9111(), ttl }: Lifetime): Case {
  return {
    id,
    title: `${rfc} ${title}`,
    async run(trial) {
      const page = pageWith(fields(trial), status)
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      assert.equal((await site.get('/page')).body.toString(), 'run 1')
      const second = await site.get('/page')
      assert.equal(page.runs, ttl === undefined ? 2 : 1)
      if (ttl !== undefined) assert.equal(fieldValue(second, 'cache-status'), `restale; hit; ttl=${ttl}`)
    },
  }
}

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** RFC 9110 §5.6.7: `Sunday, 06-Nov-94 08:49:37 GMT`. */
function rfc850(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(' ')
  return `${weekdays[date.getUTCDay()]}, ${day}-${month}-${year?.slice(2)} ${time} GMT`
}

/** RFC 9110 §5.6.7: `Sun Nov  6 08:49:37 1994`. */
function asctime(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().split(' ')
  return `${weekday?.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`
}
