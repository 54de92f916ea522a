// Runtimes beside Node have some of its modules. These four are in all that are named in the README.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const packages = fileURLToPath(new URL('../..', import.meta.url))
const entries: Readonly<Record<string, string>> = {
  '@restale/core': join(packages, 'core/src/index.ts'),
  '@restale/core/http': join(packages, 'core/src/http.ts'),
}
const ofNode = ['node:async_hooks', 'node:buffer', 'node:crypto', 'node:diagnostics_channel']

/** What the cache brings along; it imports nothing itself. */
const dependencies = ['structured-headers']

test.each(['index.ts', 'hono.ts'])('%s pulls in no more of Node than other runtimes have', (entry) => {
  const { files, foreign } = graphOf(join(packages, 'fetch/src', entry))
  expect(files.size).toBeGreaterThan(30)
  expect([...foreign].sort()).toEqual([...ofNode, ...dependencies])
})

/** All that a file loads beside the cache that it is given, and what of it comes from elsewhere. */
function graphOf(entry: string) {
  const files = new Set<string>()
  const foreign = new Set<string>()
  const waiting = [entry, entries['@restale/core'] as string]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue
    files.add(file)
    for (const source of importsOf(readFileSync(file, 'utf8'))) {
      const target = source.startsWith('.') ? join(dirname(file), source) : entries[source]
      if (target === undefined) foreign.add(source)
      else waiting.push(target)
    }
  }
  return { files, foreign }
}

/** What is imported for its types alone is not loaded. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/^(?:import|export) (?!type )[^'"]*?from '([^']+)'/gm)].map(
    (match) => match[1] as string,
  )
}
