const dayNames = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const shortDayNames = dayNames.map((name) => name.slice(0, 3))
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The Gregorian calendar repeats after this many years, which are this long. */
const cycleYears = 400
const cycleMs = 146_097 * 86_400_000

/**
 * Reads an HTTP-date (RFC 9110 §5.6.7) as epoch milliseconds: IMF-fixdate, RFC 850, or asctime. Strict but
 * for letter case and for a day name that contradicts the date; `Date.parse` would take almost anything.
 * @param now settles the century of RFC 850's two-digit years
 */
export function parseHttpDate(value: string, now: number): number | undefined {
  const text = value.toLowerCase()
  if (text.length === 29) return readImfFixdate(text)
  if (text.length === 24) return readAsctime(text)
  return readRfc850(text, now)
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
function readImfFixdate(text: string): number | undefined {
  if (!shortDayNames.includes(text.slice(0, 3)) || text.slice(3, 5) !== ', ') return undefined
  if (text[7] !== ' ' || text[11] !== ' ' || text[16] !== ' ' || text.slice(25) !== ' gmt') return undefined
  return instant(digits(text, 12, 4), monthAt(text, 8), digits(text, 5, 2), timeAt(text, 17))
}

/** `Sun Nov  6 08:49:37 1994` */
function readAsctime(text: string): number | undefined {
  if (!shortDayNames.includes(text.slice(0, 3)) || text[3] !== ' ' || text[7] !== ' ') return undefined
  if (text[10] !== ' ' || text[19] !== ' ') return undefined
  const day = text[8] === ' ' ? digits(text, 9, 1) : digits(text, 8, 2)
  return instant(digits(text, 20, 4), monthAt(text, 4), day, timeAt(text, 11))
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function readRfc850(text: string, now: number): number | undefined {
  const at = text.indexOf(',')
  if (text.length !== at + 24 || !dayNames.includes(text.slice(0, at))) return undefined
  if (text[at + 1] !== ' ' || text[at + 4] !== '-' || text[at + 8] !== '-') return undefined
  if (text[at + 11] !== ' ' || text.slice(at + 20) !== ' gmt') return undefined

  const [shortYear, month, day] = [digits(text, at + 9, 2), monthAt(text, at + 5), digits(text, at + 2, 2)]
  const limit = fiftyYearsAfter(now)
  const century = Math.floor(limit.getUTCFullYear() / 100) * 100
  const dates = [century, century - 100].map((base) =>
    instant(base + shortYear, month, day, timeAt(text, at + 12)),
  )
  return dates.find((date) => date !== undefined && date <= limit.getTime())
}

/** RFC 9110 §5.6.7: more than 50 years ahead means the last such year in the past. */
function fiftyYearsAfter(now: number): Date {
  const limit = new Date(now)
  limit.setUTCFullYear(limit.getUTCFullYear() + 50)
  return limit
}

function instant(year: number, month: number, day: number, timeMs: number): number | undefined {
  if (!(day >= 1 && day <= daysIn(year, month))) return undefined
  // One cycle later, because `Date.UTC` takes the years 0 to 99 for 1900 to 1999.
  const at = Date.UTC(year + cycleYears, month, day) - cycleMs + timeMs
  return Number.isNaN(at) ? undefined : at
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 1 && isLeap ? 29 : (monthLengths[month] ?? 0)
}

function monthAt(text: string, start: number): number {
  return monthNames.indexOf(text.slice(start, start + 3))
}

/** `08:49:37` in milliseconds; a leap second is the first one of the next minute. */
function timeAt(text: string, start: number): number {
  const hour = digits(text, start, 2)
  const minute = digits(text, start + 3, 2)
  const second = digits(text, start + 6, 2)
  const hasColons = text[start + 2] === ':' && text[start + 5] === ':'
  const isTime = hasColons && hour < 24 && minute < 60 && second <= 60
  return isTime ? ((hour * 60 + minute) * 60 + second) * 1000 : Number.NaN
}

/** Exactly `count` digits at `start`, or NaN. */
function digits(text: string, start: number, count: number): number {
  let value = 0
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 0x30
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value
}

let formatted = { second: Number.NaN, text: '' }

/** An instant in epoch milliseconds as HTTP writes it (RFC 9110 §5.6.7). What is of one second shares one string. */
export function formatHttpDate(at: number): string {
  const second = Math.floor(at / 1000)
  if (formatted.second !== second) formatted = { second, text: new Date(at).toUTCString() }
  return formatted.text
}
