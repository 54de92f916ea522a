// What a hit, a miss and the rest are wanted to cost, as ratios within one run where it is about time over sockets.

const sizes = ['1 KiB', '64 KiB']

/** In each framework: ours, the constant at the same place, and what the framework does with the same bytes. */
const places = [
  { group: 'Express', ours: '@restale/express', limit: 'Express, a constant', floor: 'Express, res.send' },
  { group: 'Koa', ours: '@restale/koa', limit: 'Koa, a Buffer', floor: 'Koa, a Buffer' },
  {
    group: 'Fastify',
    ours: '@restale/fastify',
    limit: 'Fastify, a constant in preHandler',
    floor: 'Fastify, a Buffer',
  },
  {
    group: 'hapi',
    ours: '@restale/hapi',
    limit: 'hapi, a constant in onPreHandler',
    floor: 'hapi, a Buffer',
  },
]

/** @returns {{ what: string, wanted: string, measured: number[], isMet: boolean }[]} */
export function targets({ http, core, stale }) {
  const of = (group, size) => http.results[`${group}, ${size}`]
  /** How many times the CPU time of `name` is what `other` takes. */
  const thrift = (group, name, other) =>
    sizes.map((size) => of(group, size)[other].cpuMicroseconds / of(group, size)[name].cpuMicroseconds)
  const speed = (group, name) => sizes.map((size) => of(group, size)[name].speed)
  const least = (what, wanted, measured) => ({
    what,
    wanted: `≥ ${wanted}`,
    measured,
    isMet: measured.every((value) => value >= wanted),
  })
  const most = (what, wanted, unit, measured) => ({
    what,
    wanted: `≤ ${wanted.toLocaleString('en-US')}${unit}`,
    measured,
    isMet: measured.every((value) => value <= wanted),
  })
  const expressSends = sizes.map((size) => of('Express', size)['Express, res.send'].cpuMicroseconds)
  const inFront = sizes.map((size) => of('node', size)['@restale/node in front of Express'].cpuMicroseconds)

  return [
    least('`@restale/node` of a bare server, CPU', 0.95, thrift('node', '@restale/node', 'bare node:http')),
    least('`@restale/node` of a bare server, requests', 0.95, speed('node', '@restale/node')),
    least(
      '`@restale/node` in front of Express, of `res.send`',
      4,
      expressSends.map((floor, at) => floor / inFront[at]),
    ),
    ...places.flatMap(({ group, ours, limit, floor }) => [
      least(`\`${ours}\` of a constant at the same place`, 0.95, thrift(group, ours, limit)),
      least(`\`${ours}\` of ${group} sending the same bytes`, 0.95, thrift(group, ours, floor)),
      least(
        `\`${ours}\` of its fastest peer`,
        1,
        sizes.map((size) => ofFastestPeer(of(group, size), ours)),
      ),
      least(`A 304 of \`${ours}\` of its 200`, 1, thrift(group, `${ours}, 304`, ours)),
    ]),
    ...[...places, { group: 'node', ours: '@restale/node' }].map(({ group, ours }) =>
      most(
        `A miss of \`${ours}\`, of the handler uncached`,
        1.1,
        '',
        sizes.map((size) => missOf(of(group, size), ours)),
      ),
    ),
    ...coreTargets(core.results, most),
    most('p99 while refills run, of p99 when fresh', 1.2, '', [
      stale.results['hits at 2,000 a second'].ratio,
    ]),
  ]
}

const costs = (results, kind) =>
  Object.values(results)
    .filter((each) => each.kind === kind)
    .map(({ cpuMicroseconds }) => cpuMicroseconds)

const ofFastestPeer = (results, ours) => Math.min(...costs(results, 'peer')) / results[ours].cpuMicroseconds

const missOf = (results, ours) => results[`${ours}, misses`].cpuMicroseconds / costs(results, 'uncached')[0]

function coreTargets({ hit, invalidation, memory, imports, 'event-loop': delays }, most) {
  const updates = Object.entries(invalidation).filter(([name]) => name.startsWith('updateTag'))
  const adapters = ['express', 'koa', 'fastify', 'hapi'].map((name) => imports[`@restale/${name}`])
  return [
    most('`updateTag`, whatever is under the tag', 5, ' µs', [
      Math.max(...updates.map(([, microseconds]) => microseconds)),
    ]),
    most('A hit decided, 4 tags', 300, ' ns', [hit['a response, decided']]),
    most('A response of 1 KiB in memory', 2048, ' bytes', [memory.responses.used]),
    most('Importing an adapter beyond its framework', 30, ' ms', [Math.max(...adapters)]),
    most('Event-loop delay, p99, 32 MB bodies', 50, ' ms', [delays['32 MB bodies']]),
    most('Event-loop delay, p99, 10,000 tags', 50, ' ms', [delays['10,000 tags']]),
  ]
}
