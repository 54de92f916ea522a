import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { parseHttpDate } from '../../src/http/http-date.ts'

const now = Date.UTC(2026, 6, 4)
const example = Date.UTC(1994, 10, 6, 8, 49, 37)

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Whole seconds of the years 0000 to 9999. */
const instants = fc
  .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000))

function imfFixdate(date: Date): string {
  return date.toUTCString()
}

function asctime(date: Date): string {
  const [day = '', dayOfMonth = '', month = '', year = '', time = ''] = date.toUTCString().split(' ')
  return `${day.slice(0, 3)} ${month} ${dayOfMonth.replace(/^0/, ' ')} ${time} ${year}`
}

function rfc850(date: Date): string {
  const [, dayOfMonth = '', month = '', year = '', time = ''] = date.toUTCString().split(' ')
  return `${dayNames[date.getUTCDay()]}, ${dayOfMonth}-${month}-${year.slice(-2)} ${time} GMT`
}

describe('parseHttpDate', () => {
  test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads %s',
    (value) => expect(parseHttpDate(value, now)).toBe(example),
  )

  it('does not care about case', () => {
    expect(parseHttpDate('SUN, 06 nov 1994 08:49:37 gMT', now)).toBe(example)
    expect(parseHttpDate('sunday, 06-NOV-94 08:49:37 gmt', now)).toBe(example)
    expect(parseHttpDate('sUN nOV  6 08:49:37 1994', now)).toBe(example)
  })

  it('believes the date where the day name contradicts it', () => {
    expect(parseHttpDate('Thu Aug  8 02:01:18 2050', now)).toBe(Date.UTC(2050, 7, 8, 2, 1, 18))
  })

  it('takes a leap second for the first second of the next minute', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', now)).toBe(Date.UTC(2017, 0, 1))
  })

  it('reads every second of four-digit years back, as IMF-fixdate and as asctime', () => {
    fc.assert(
      fc.property(instants, (date) => {
        expect(parseHttpDate(imfFixdate(date), now)).toBe(date.getTime())
        expect(parseHttpDate(asctime(date), now)).toBe(date.getTime())
      }),
    )
  })

  test.each([
    '',
    '0',
    '-1',
    '784111777',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 EST',
    'Sun, 06 Nov 1994 08:49:37 +00',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun,  06 Nov 1994 08:49:37 GMT',
    'Sun, 06  Nov  1994 08:49:37 GMT',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun,  6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 08.49.37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 31 Nov 1994 08:49:37 GMT',
    'Wed, 30 Feb 2022 00:00:00 GMT',
    'Mon, 29 Feb 1900 00:00:00 GMT',
    'Son, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Okt 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT',
    'Sunday, 6-Nov-94 08:49:37 GMT',
    'Sunday 06-Nov-94 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 UTC',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov  6 08:49:37 94',
    'Sun Nov  6 08:49:37 1994 GMT',
    'Sun, Nov  6 08:49:37 1994',
    'Sun Nov 06 8:49:37  1994',
  ])('refuses %j', (value) => expect(parseHttpDate(value, now)).toBeUndefined())
})

describe('the two-digit year of RFC 850', () => {
  it('is in this century up to fifty years ahead', () => {
    expect(parseHttpDate('Saturday, 04-Jul-76 00:00:00 GMT', now)).toBe(Date.UTC(2076, 6, 4))
  })

  it('is in the past beyond', () => {
    expect(parseHttpDate('Sunday, 04-Jul-76 00:00:01 GMT', now)).toBe(Date.UTC(1976, 6, 4, 0, 0, 1))
    expect(parseHttpDate('Friday, 01-Jan-99 00:00:00 GMT', now)).toBe(Date.UTC(1999, 0, 1))
  })

  it('is in the next century when that is near', () => {
    expect(parseHttpDate('Friday, 01-Jan-05 00:00:00 GMT', Date.UTC(2090, 0, 1))).toBe(Date.UTC(2105, 0, 1))
  })

  it('is a year that has the day', () => {
    expect(parseHttpDate('Tuesday, 29-Feb-00 00:00:00 GMT', Date.UTC(2060, 0, 1))).toBe(Date.UTC(2000, 1, 29))
    expect(parseHttpDate('Monday, 29-Feb-77 00:00:00 GMT', now)).toBeUndefined()
  })

  it('reads every second of the fifty years around now back', () => {
    const near = fc.integer({ min: -49 * 365 * 86_400, max: 49 * 365 * 86_400 })
    fc.assert(
      fc.property(near, (seconds) => {
        const date = new Date(now + seconds * 1000)
        expect(parseHttpDate(rfc850(date), now)).toBe(date.getTime())
      }),
    )
  })
})
