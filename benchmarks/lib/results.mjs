// Results are kept as JSON in results/, one file for each program.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { environment } from './machine.mjs'

/** `--out FOLDER` puts them elsewhere, to be compared with those that are committed. */
const folder = () => {
  const at = process.argv.indexOf('--out')
  return at < 0 ? new URL('../results/', import.meta.url) : new URL(`${process.argv[at + 1]}/`, cwd())
}
const cwd = () => new URL(`file://${process.cwd()}/`)

const resultsFolder = new URL('../results/', import.meta.url)

export function readResults(name, from = resultsFolder) {
  const file = new URL(`${name}.json`, from)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/** Replaces what was measured before under the same keys; the rest stays. */
export function writeResults(name, measured) {
  const to = folder()
  mkdirSync(to, { recursive: true })
  const results = { ...readResults(name, to)?.results, ...measured }
  const text = JSON.stringify({ environment: environment(), results }, undefined, 2)
  writeFileSync(new URL(`${name}.json`, to), `${text}\n`)
}

/** Three digits that count. */
export const rounded = (value) => Number(value.toPrecision(3))
