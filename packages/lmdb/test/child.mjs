// A process of its own with a store: does what it is told over IPC. Run next to the packages as plain JavaScript.
import { statSync } from 'node:fs'
import { makeGate } from '@restale/lmdb/gate'
import { LmdbPort } from '@restale/lmdb/port'

const nowhere = { incarnation: undefined, version: 0 }
const warnings = []
process.on('warning', ({ code, message }) => warnings.push({ code, message }))
let port

const doers = {
  /** Makes gates when the others make them, as nearly as it can be said, and says which ones it has found then. */
  makeGates: (folder, count, startsAt) =>
    Array.from({ length: count }, (_, index) => {
      const at = startsAt + 10 * index + 3 * Math.random()
      while (performance.timeOrigin + performance.now() < at);
      makeGate(`${folder}/${index}`)
      return statSync(`${folder}/${index}`, { throwIfNoEntry: false })?.ino
    }),
  open: (options) => {
    port = new LmdbPort(options)
  },
  warnings: () => warnings,
  /** Opens, asks and closes again and again. */
  comeAndGo: (options, times) => {
    let view
    for (let count = 0; count < times; count++) {
      port = new LmdbPort(options)
      view = port.record(
        { id: `${process.pid}.${count}`, labels: ['t:x'], hardLabels: [], expireInMs: 0 },
        nowhere,
      )
      port.close()
    }
    return view
  },
  /** Looks until it sees an invalidation, and gives the time, by the clock that all processes share, of having seen it. */
  spot: (version) => {
    while (port.peek().version < version);
    return process.hrtime.bigint()
  },
  recordAt: () => {
    const before = process.hrtime.bigint()
    const { head } = port.record({ id: 'x', labels: ['t:x'], hardLabels: [], expireInMs: 0 }, nowhere)
    return { before, head }
  },
  /** Writes items of many sizes, and reads others. */
  fill: (times, largest) => {
    const { incarnation } = port.peek()
    let stored = 0
    for (let count = 0; count < times; count++) {
      const startedAt = Date.now()
      const key = `k${Math.floor(Math.random() * 300)}`
      const bytes = new Uint8Array(Math.floor(Math.random() ** 4 * largest))
      const item = {
        key,
        incarnation,
        version: 0,
        startedAt,
        labels: ['*'],
        uselessAt: startedAt + 60_000,
        bytes,
      }
      if (port.write(item)) stored++
      port.read(`k${Math.floor(Math.random() * 300)}`, nowhere)
    }
    return stored
  },
  /** Writes and invalidates as fast as it can, and says what is acknowledged. */
  storm: (keys, bytes) => {
    let round = 0
    const go = () => {
      for (let count = 0; count < 5; count++) {
        const key = `k${round++ % keys}`
        const { incarnation, version } = port.peek()
        const startedAt = Date.now()
        const content = new Uint8Array(bytes).fill(round)
        const labels = ['*', `t:${key}`]
        port.write({
          key,
          incarnation,
          version,
          startedAt,
          labels,
          uselessAt: startedAt + 60_000,
          bytes: content,
        })
        const marking = { id: String(round), labels: [`t:${key}`], hardLabels: [], expireInMs: 0 }
        const view = port.record(marking, { incarnation, version })
        process.send({ recorded: { key, version: view.head, incarnation: view.incarnation } })
      }
      setImmediate(go)
    }
    setImmediate(go)
  },
}

process.on('message', ({ id, name, args }) => {
  try {
    const result = Object.hasOwn(doers, name) ? doers[name](...args) : port[name](...args)
    process.send({ id, result })
  } catch (error) {
    process.send({ id, error: String(error?.stack) })
  }
})
process.on('disconnect', () => process.exit())
process.send({ isReady: true })
