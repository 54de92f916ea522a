import type { HeaderLines } from '@restale/core/http'
import { setLines } from '@restale/core/http'

/**
 * The lines of `headers`, flat. `Headers` joins the lines of a name; what was added to a line of `baseline` is
 * told from it again, for the one belongs to this request and the other to the response.
 */
export function headerLines(headers: Headers, baseline: HeaderLines = []): string[] {
  const lines: string[] = []
  headers.forEach((value, name) => {
    const stood = name === 'set-cookie' ? undefined : valueIn(baseline, name)
    if (stood !== undefined && value.startsWith(`${stood}, `)) {
      lines.push(name, stood, name, value.slice(stood.length + 2))
    } else lines.push(name, value)
  })
  return lines
}

/** Lines of `baseline` are the spelling of `Headers`: lower-case, one for each name but `Set-Cookie`. */
function valueIn(baseline: HeaderLines, lowerName: string): string | undefined {
  for (let index = 0; index + 1 < baseline.length; index += 2) {
    if (baseline[index] === lowerName) return baseline[index + 1]
  }
  return undefined
}

export function headersOf(lines: HeaderLines): Headers {
  const headers = new Headers()
  setLines(headers, lines)
  return headers
}
