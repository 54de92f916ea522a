import type { HeaderLines } from '@restale/core/http'

/** By these, hooks say something about the response as a whole: it is not to be stored, or its body has a nonce. */
const judgedNames = ['cache-control', 'content-security-policy', 'content-security-policy-report-only']

/**
 * The lines to judge a response by: those of the answer, and what hooks have made of some of them since. What they
 * make is made anew for each response, so it counts as if it had stood there before; but for cookies, which the
 * handler may have left with a plugin that sets them later.
 */
export function withLateLines(
  answered: HeaderLines,
  standing: HeaderLines,
  sent: HeaderLines,
): { lines: string[]; baseline: string[] } {
  const changed = judgedNames.filter((name) => !isSame(of(name, answered), of(name, sent)))
  const replaced = (lines: HeaderLines) => [
    ...pairs(lines).filter(([name]) => !changed.includes(name.toLowerCase())),
    ...pairs(sent).filter(([name]) => changed.includes(name.toLowerCase())),
  ]
  const known = of('set-cookie', answered)
  const cookies = of('set-cookie', sent).filter((cookie) => !known.includes(cookie))
  return {
    lines: [...replaced(answered), ...cookies.map((cookie) => ['set-cookie', cookie])].flat(),
    baseline: replaced(standing).flat(),
  }
}

function of(lowerName: string, lines: HeaderLines): string[] {
  return pairs(lines).flatMap(([name, value]) => (name.toLowerCase() === lowerName ? [value] : []))
}

function pairs(lines: HeaderLines): [name: string, value: string][] {
  const found: [string, string][] = []
  for (let index = 0; index + 1 < lines.length; index += 2) {
    found.push([lines[index] as string, lines[index + 1] as string])
  }
  return found
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((value, index) => value === others[index])
}
