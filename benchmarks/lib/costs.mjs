// What ours costs, each as a ratio within its run where it is about time, so that runs on two days can be compared.

/** By name, and less is better. Results that are not there are left out. */
export function costs(http, core, stale) {
  return {
    ...httpCosts(http?.results ?? {}),
    ...coreCosts(core?.results ?? {}),
    ...staleCosts(stale?.results),
  }
}

/** CPU time of a request, of that of a bare server in the same round. */
function httpCosts(groups) {
  const named = Object.entries(groups).flatMap(([group, results]) =>
    Object.entries(results)
      .filter(([, { kind }]) => kind === 'ours')
      .map(([name, { thrift }]) => [`${group}: ${name}`, 1 / thrift]),
  )
  return Object.fromEntries(named)
}

function coreCosts({ hit, memory, growth, eviction, sizes }) {
  return {
    ...(hit && hitCosts(hit)),
    ...(memory && {
      'bytes of a response': memory.responses.used,
      'bytes of a string': memory['cached() of a string'].used,
    }),
    ...(growth && growthCosts(growth)),
    ...(eviction && evictionCosts(eviction)),
    ...(sizes && Object.fromEntries(Object.entries(sizes).map(([name, { KiB }]) => [`${name}, KiB`, KiB]))),
  }
}

/** Of what copying the value alone takes. */
function hitCosts(hit) {
  const floor = hit['structuredClone of that object']
  const ours = ['cached() of a string', 'cached() of an object', 'a response, decided']
  return Object.fromEntries(ours.map((name) => [name, hit[name] / floor]))
}

/** At the far end of each curve, of what it is at the near one. */
function growthCosts(growth) {
  const ends = Object.entries(growth).map(([name, curve]) => {
    const values = Object.values(curve)
    return [`growth with ${name}`, values.at(-1) / values[0]]
  })
  return Object.fromEntries(ends)
}

/** Misses, of those of lru-cache. */
const evictionCosts = (eviction) =>
  Object.fromEntries(
    Object.entries(eviction).map(([trace, hits]) => [
      `misses on ${trace}`,
      (1 - hits.restale) / (1 - hits['lru-cache']),
    ]),
  )

function staleCosts(results) {
  const measured = results?.['hits at 2,000 a second']
  return measured === undefined ? {} : { 'p99 while refills run, of fresh': measured.ratio }
}
