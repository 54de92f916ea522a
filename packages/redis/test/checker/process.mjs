// One process of the application that is checked: it reads and invalidates at random, and reports what it got.
// It runs what is built, in a Node without tools. Arguments: a plan as JSON.
import { setTimeout as pause } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { redisStore } from '@restale/redis'
import { Redis } from 'ioredis'
import { lmdbStore } from '../../../lmdb/dist/index.js'
import { mutate } from './mutants.mjs'

const plan = JSON.parse(process.argv[2])
const { name, port, path, tags, untouched, maxUnverifiedMs, mutant, maxMarks } = plan

/** Milliseconds by a clock that all processes of a machine share. */
const now = () => Number(process.hrtime.bigint()) / 1e6

/** Asks the origin, which is in the process that started this one. */
const asked = new Map()
let questions = 0
const ask = (question) =>
  new Promise((resolve) => {
    const id = questions++
    asked.set(id, resolve)
    process.send({ id, question })
  })

/** By Redis, or where there is a path, by LMDB. */
const openStore = () => {
  if (path !== undefined) return lmdbStore({ path })
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true })
  return redisStore({ client, maxUnverifiedMs, deadlineMs: 100 })
}
const store = openStore()
const cache = createCache({ store, memory: { ...(maxMarks === undefined ? {} : { maxMarks }) } })
if (mutant !== undefined) mutate(cache, mutant)

let runs = 0
const life = { revalidate: 3600, expire: 7200 }
/** What a thing is made of: the version of each of its tags, read one after the other. */
const inner = cache.cached(
  async (list) => {
    if (untouched.includes(list[0])) runs++
    const versions = {}
    for (const tag of list) {
      versions[tag] = await ask({ read: tag })
      await pause(Math.random() * 8)
    }
    return versions
  },
  { key: 'inner', tags: ([list]) => list, life },
)
const outer = cache.cached(
  async (list) => ({ ...(await inner(list.slice(0, 1))), ...(await inner(list.slice(1))) }),
  {
    key: 'outer',
    life,
  },
)

const pick = (list) => list[Math.floor(Math.random() * list.length)]
let log = []
let untouchedReads = 0

const readAny = () => {
  if (Math.random() < 0.8) return readOnce([...new Set([pick(tags), pick(tags)])])
  untouchedReads++
  return readOnce([pick(untouched)])
}

const readOnce = async (list) => {
  const read = list.length > 1 && Math.random() < 0.5 ? outer : inner
  const beganAt = now()
  try {
    const versions = await read(list)
    log.push({ kind: 'read', node: name, beganAt, endedAt: now(), versions })
  } catch (error) {
    log.push({ kind: 'failure', node: name, message: String(error?.stack) })
  }
}

/** Somebody is reading while it is changed, and whoever changed it reads it then. */
const changeOnce = async () => {
  const tag = pick(tags)
  const reading = readOnce([tag])
  await pause(Math.random() * 4)
  const version = await ask({ change: tag })
  const isHard = Math.random() < 0.5
  const beganAt = now()
  const expire = Math.random() < 0.5 ? 0.1 : 30
  const { reach } = await (isHard ? cache.updateTag(tag) : cache.revalidateTag(tag, { expire }))
  const doneAt = now()
  log.push({
    kind: 'change',
    node: name,
    tag,
    version,
    beganAt,
    doneAt,
    hardAt: isHard ? doneAt : doneAt + expire * 1000,
    reach,
  })
  await Promise.all([reading, readOnce([tag])])
}

let isOver = false
const readers = Array.from({ length: 3 }, async () => {
  while (!isOver) {
    for (let count = 0; count < 6; count++) await readAny()
    await pause(Math.random() * 6)
  }
})
const changer = (async () => {
  while (!isOver) {
    await changeOnce()
    await pause(5 + Math.random() * 30)
  }
})()

const report = () => {
  process.send({ log })
  log = []
}
const reporting = setInterval(report, 100)

process.on('message', async ({ id, answer, end }) => {
  if (end !== true) {
    asked.get(id)(answer)
    asked.delete(id)
    return
  }
  isOver = true
  await Promise.all([...readers, changer])
  clearInterval(reporting)
  report()
  process.send({ runs, untouchedReads })
  await cache.close()
  process.disconnect()
})
process.on('unhandledRejection', (error) => log.push({ kind: 'failure', node: name, message: String(error) }))
