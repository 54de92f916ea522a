// Tables of results in Markdown: each stands between `<!-- benchmark: name -->` and `<!-- /benchmark -->`.
import { targets } from './targets.mjs'

const groupNames = ['node', 'stores', 'Express', 'Koa', 'Fastify', 'hapi', 'Hono']
const sizeNames = ['1 KiB', '64 KiB']

const table = (head, rows) => [head, head.map(() => '---'), ...rows].map(line).join('\n')
const line = (cells) => `| ${cells.join(' | ')} |`
const grouped = (number) => number.toLocaleString('en-US', { maximumSignificantDigits: 3 })
/** A ratio that is to be read with two digits behind the point. */
const ratio = (number) => (number === undefined ? '' : number.toFixed(2))

/** A group: CPU time for a request, and how near that comes to the bare server. */
function groupTable({ http }, group) {
  const [small, large] = sizeNames.map((size) => http.results[`${group}, ${size}`])
  const rows = Object.entries(small).map(([name, own]) => [
    own.kind === 'ours' ? `**${name}**` : name,
    grouped(own.cpuMicroseconds),
    ratio(own.thrift),
    ratio(own.speed),
    grouped(large[name].cpuMicroseconds),
    ratio(large[name].thrift),
    ratio(large[name].speed),
  ])
  const head = sizeNames.flatMap((size) => [`µs CPU, ${size}`, 'of bare, CPU', 'of bare, requests'])
  return table(['', ...head], rows)
}

/** For the front page: what a hit costs in each framework, beside the framework itself and the nearest peer. */
function summary({ http }) {
  const rows = [
    ['node:http', 'node', '@restale/node', 'bare node:http'],
    ['Express 5', 'Express', '@restale/express', 'Express, res.send'],
    ['Express 5, `@restale/node` in front', 'node', '@restale/node in front of Express', 'Express, res.send'],
    ['Koa 3', 'Koa', '@restale/koa', 'Koa, a Buffer'],
    ['Fastify 5', 'Fastify', '@restale/fastify', 'Fastify, a Buffer'],
    ['hapi 21', 'hapi', '@restale/hapi', 'hapi, a Buffer'],
    ['Hono 4', 'Hono', '@restale/fetch in Hono', 'Hono, a body'],
  ].map(([title, group, ours, floor]) => {
    const results = http.results[`${group}, 1 KiB`]
    const floorOf = results[floor] ?? http.results['Express, 1 KiB'][floor]
    const uncached = Object.entries(results).find(([, { kind }]) => kind === 'uncached')?.[1]
    return [
      title,
      grouped(results[ours].cpuMicroseconds),
      grouped(floorOf.cpuMicroseconds),
      grouped(uncached.cpuMicroseconds),
    ]
  })
  return table(['', 'a hit', 'the same bytes, sent by the framework', 'a handler that only makes them'], rows)
}

function environmentTable({ http: { environment } }) {
  const { cpu, cores, memoryGiB, kernel, node, load, pinned, versions } = environment
  const shown = ['express', 'koa', 'fastify', '@hapi/hapi', 'hono', 'lru-cache', 'apicache', 'koa-cash']
  return table(
    ['', ''],
    [
      ['CPU', `${cpu}, ${cores} cores${pinned ? ', one for the server and one for its client' : ''}`],
      ['Memory', `${memoryGiB} GiB`],
      ['System', kernel],
      ['Node', node],
      ['Load', `${load}, 64 connections`],
      ['Versions', shown.map((name) => `${name} ${versions[name]}`).join(', ')],
    ],
  )
}

/** `{ name: number }` or `{ name: { column: number } }`. */
function plainTable(results, unit) {
  const rows = Object.entries(results)
  const columns = typeof rows[0][1] === 'object' ? Object.keys(rows[0][1]) : undefined
  const cell = (value) => (typeof value === 'number' ? grouped(value) : String(value ?? ''))
  if (columns === undefined)
    return table(
      ['', unit],
      rows.map(([name, value]) => [name, cell(value)]),
    )
  return table(
    ['', ...columns],
    rows.map(([name, values]) => [name, ...columns.map((column) => cell(values[column]))]),
  )
}

/** A curve has counts of its own. */
const curveTable = (curve) =>
  table(Object.keys(curve).map(Number).map(grouped), [Object.values(curve).map(grouped)])

function targetTable(results) {
  const rows = targets(results).map(({ what, wanted, measured, isMet }) => [
    what,
    wanted,
    measured.map((value) => grouped(value)).join(' and '),
    isMet ? 'yes' : 'no',
  ])
  return table(['', 'wanted', 'measured', 'reached'], rows)
}

const corePrograms = {
  hit: 'nanoseconds',
  invalidation: 'microseconds',
  memory: 'bytes',
  cold: '',
  eviction: '',
  'event-loop': 'milliseconds',
  imports: 'milliseconds',
  sizes: '',
}

/** All tables, by name: made when they are asked for. */
function makers(results) {
  const { core, stale } = results
  return {
    environment: () => environmentTable(results),
    targets: () => targetTable(results),
    summary: () => summary(results),
    stale: () => plainTable(stale.results['hits at 2,000 a second'], 'milliseconds'),
    ...Object.fromEntries(groupNames.map((group) => [group, () => groupTable(results, group)])),
    ...Object.fromEntries(
      Object.entries(corePrograms).map(([name, unit]) => [name, () => plainTable(core.results[name], unit)]),
    ),
    ...Object.fromEntries(
      Object.entries(core.results.growth).map(([name, curve]) => [
        `growth with ${name}`,
        () => curveTable(curve),
      ]),
    ),
  }
}

/** The text with its tables as the results have them. @throws Error for a table that nobody knows */
export function withTables(text, results) {
  const known = makers(results)
  return text.replace(
    /<!-- benchmark: (.+?) -->\n[\s\S]*?<!-- \/benchmark -->/g,
    (_, name) => `<!-- benchmark: ${name} -->\n\n${tableNamed(known, name)}\n\n<!-- /benchmark -->`,
  )
}

function tableNamed(known, name) {
  if (known[name] === undefined) throw new Error(`No benchmark is called "${name}"`)
  return known[name]()
}
