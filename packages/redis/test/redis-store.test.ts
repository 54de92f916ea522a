import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '@restale/core'
import { createCache } from '@restale/core'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../src/index.ts'
import { RedisPort } from '../src/redis-port.ts'
import { clientNames, clients } from './support/clients.ts'
import { RedisServer, until } from './support/redis-server.ts'
import { Wire } from './support/wire.ts'
import { CacheNode, World } from './support/world.ts'

const graceMs = 250
const minuteMs = 60_000

async function scripts(server: RedisServer): Promise<number> {
  const stats = await server.admin.info('commandstats')
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}

const itemKeys = (server: RedisServer) => server.admin.keys('*}:item:*')

describe.each(clientNames)('by %s', (client) => {
  const open = (name: string, world: World, port: number, more: { clock?: Clock; prefix?: string } = {}) =>
    new CacheNode(name, world, { client: clients[client](port), ...more })

  test('what one has made the other has for one round trip, and from then on for none', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    // Nobody asks whether all is well while this counts.
    const options = { client: clients[client](server.port), maxUnverifiedMs: 10 * minuteMs }
    const one = new CacheNode('one', world, options)
    const other = new CacheNode('other', world, options)
    await one.read('a')
    await until(async () => (await itemKeys(server)).length === 1)
    await until(async () => (await other.cache.updateTag('unrelated')).reach === 'everywhere')
    await pause(50)
    const before = await scripts(server)
    expect(await other.read('a')).toBe('a 1')
    expect((await scripts(server)) - before).toBe(1)
    for (let count = 0; count < 100; count++) await other.read('a')
    expect((await scripts(server)) - before).toBe(1)
    expect(other.runs).toBe(0)
  })

  test('others obey an invalidation soon', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const [one, other] = [open('one', world, server.port), open('other', world, server.port)]
    for (let round = 0; round < 50; round++) {
      await world.read('a', other)
      await world.change('a', one)
      const version = world.versionOf('a')
      await until(async () => (await other.read('a')) === `a ${version}`, graceMs)
    }
    expect(world.violations).toEqual([])
  })

  test('has a TTL on every entry, by what it is good for', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    for (const id of ['a', 'b', 'c']) await one.read(id)
    await until(async () => (await itemKeys(server)).length === 3)
    for (const key of await itemKeys(server)) {
      const ttl = await server.admin.pttl(key)
      expect(ttl).toBeGreaterThan(7_100_000)
      expect(ttl).toBeLessThanOrEqual(7_200_000)
    }
  })

  test('caches with other prefixes share nothing, however alike they look', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const prefixes = ['app', 'app:item', 'app}'.replace('}', ':'), 'ap', 'app:ledger']
    const nodes = prefixes.map((prefix) => open(prefix, world, server.port, { prefix }))
    for (const node of nodes) await node.read('a')
    expect(nodes.map(({ runs }) => runs)).toEqual(prefixes.map(() => 1))
    const [first, ...others] = nodes as [CacheNode, ...CacheNode[]]
    await first.cache.updateTag('a')
    await pause(graceMs)
    for (const node of others) await node.read('a')
    expect(others.map(({ runs }) => runs)).toEqual(others.map(() => 1))
  })

  test('works from the start where the client has just been made, and is not connected', async () => {
    const server = await RedisServer.start()
    const cache = createCache({ store: redisStore({ client: clients[client](server.port) }) })
    expect(await cache.updateTag('a')).toMatchObject({ reach: 'everywhere' })
    await cache.close()
  })

  test('Redis is not there at first, and is used when it comes', async () => {
    const server = await RedisServer.start()
    await server.kill()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    const beganAt = performance.now()
    await Promise.all(['a', 'b', 'c'].map((id) => world.read(id, one)))
    for (let count = 0; count < 5; count++) await world.read(`d${count}`, one)
    expect(performance.now() - beganAt).toBeLessThan(700)
    const change = await world.change('a', one)
    expect(change.reach).toBe('here')
    await server.launch()
    await until(async () => (await world.change('b', one)).reach === 'everywhere', 2_000)
    expect(world.failures).toEqual([])
    expect(world.violations).toEqual([])
    // What could not be said then is said now.
    await until(async () => (await server.admin.hkeys('{restale}:ledger')).includes('mt:a'))
  })

  test('an answer that is lost counts as not recorded, until the record comes back', async () => {
    const server = await RedisServer.start()
    const wire = await Wire.to(server.port)
    const world = new World({ graceMs })
    const one = open('one', world, wire.port)
    const other = open('other', world, server.port)
    await world.read('a', one)
    await other.read('a')
    wire.swallow = { bytes: '"t:a"', side: 'reply' }
    const change = await world.change('a', one)
    expect(change.reach).toBe('here')
    await world.read('a', one)
    const runs = one.runs
    wire.swallow = undefined
    await until(async () => (await other.read('a')) === 'a 2')
    await until(async () => (await one.cache.updateTag('unrelated')).reach === 'everywhere')
    // The record that comes back does not touch what was made since.
    await world.read('a', one)
    expect(one.runs).toBe(runs)
    expect(one.events.filter(({ kind }) => kind === 'unrecorded')).toHaveLength(1)
    expect(world.violations).toEqual([])
  })

  test('an invalidation that never got there is said again', async () => {
    const server = await RedisServer.start()
    const wire = await Wire.to(server.port)
    const world = new World({ graceMs })
    const one = open('one', world, wire.port)
    const other = open('other', world, server.port)
    await world.read('a', other)
    await until(async () => (await one.cache.updateTag('unrelated')).reach === 'everywhere')
    wire.swallow = { bytes: '"t:a"', side: 'request' }
    expect((await world.change('a', one)).reach).toBe('here')
    expect(await other.read('a')).toBe('a 1')
    wire.swallow = undefined
    await until(async () => (await other.read('a')) === 'a 2')
    expect(world.violations).toEqual([])
  })

  test('clocks that are a quarter of an hour apart, and one that steps back', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const steps = { ms: 0 }
    const clocks = [15 * minuteMs, -15 * minuteMs, 0].map((skewMs) => ({
      now: () => performance.timeOrigin + performance.now() + skewMs + (skewMs === 0 ? steps.ms : 0),
    }))
    const nodes = clocks.map((clock, index) => open(`node ${index}`, world, server.port, { clock }))
    const stop = world.load(nodes, ['a', 'b', 'c', 'd'])
    for (let round = 0; round < 30; round++) {
      if (round === 15) steps.ms = -60 * minuteMs
      await world.change('a', nodes[round % 3] as CacheNode)
      await pause(10)
    }
    await stop()
    expect(world.violations).toEqual([])
    expect(world.failures).toEqual([])
    // It is still a cache: others are read far more often than made.
    const runs = nodes.reduce((sum, node) => sum + node.runs, 0)
    expect(runs).toBeLessThan(world.latencies.length / 10)
  })

  test('what somebody planted is a miss, and breaks nothing', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    await one.read('a')
    await until(async () => (await itemKeys(server)).length === 1)
    const [key] = (await itemKeys(server)) as [string]
    const held = (await server.admin.hgetallBuffer(key)) as Record<'i' | 'l' | 'b', Buffer>
    const { admin } = server
    const huge = Buffer.alloc(64 * 1024 * 1024)
    const plants: (() => Promise<unknown>)[] = [
      () => admin.set(key, 'text'),
      () => admin.rpush(key, 'a', 'b'),
      () => admin.hset(key, { i: held.i, v: 'x', s: 'y', l: held.l, b: held.b }),
      () => admin.hset(key, { ...held, l: 'not packed' }),
      () => admin.hset(key, { ...held, l: Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]) }),
      () => admin.hset(key, { ...held, l: Buffer.from([0x93, 0x01, 0xc0, 0x80]) }),
      () => admin.hset(key, { ...held, b: 'garbage' }),
      () => admin.hset(key, { ...held, b: Buffer.from(held.b).fill(0, 0, 1) }),
      () => admin.hset(key, { ...held, b: Buffer.from(held.b).subarray(0, -1) }),
      () => admin.hset(key, { ...held, b: huge }),
      () => admin.hset(key, { ...held, v: '7' }),
      () => admin.hset(key, 'i', held.i),
    ]
    for (const [index, plant] of plants.entries()) {
      await admin.del(key)
      await plant()
      const reader = open(`reader ${index}`, world, server.port)
      await until(async () => (await reader.cache.updateTag('unrelated')).reach === 'everywhere')
      expect(await reader.read('a')).toBe('a 1')
      expect([index, reader.runs]).toEqual([index, 1])
      expect(reader.saw('failing')).toBe(0)
      await reader.cache.close()
      await until(async () => (await admin.type(key)) === 'hash' && (await admin.hexists(key, 'l')) === 1)
    }
    expect(world.failures).toEqual([])
  })

  test('what somebody planted in the ledger opens a new one at worst', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    const { admin } = server
    const [ledger, records, order] = ['{restale}:ledger', '{restale}:records', '{restale}:order'] as const
    const plants: (() => Promise<unknown>)[] = [
      () => admin.multi().del(ledger).set(ledger, 'text').exec(),
      () => admin.hset(ledger, 'h', 'many'),
      () => admin.hset(ledger, 'i', 'x'.repeat(100_000)),
      () => admin.hset(ledger, 'mt:a', 'not a mark'),
      () => admin.hset(ledger, 'junk', '1'),
      () => admin.multi().del(records).set(records, 'text').exec(),
      () => admin.xadd(records, '9999999999999-1', 'x', 'y'),
      () => admin.multi().del(order).set(order, 'text').exec(),
      () => admin.del(order),
    ]
    for (const plant of plants) {
      await world.read('a', one)
      await plant()
      await until(async () => (await world.change('a', one)).reach === 'everywhere')
      await world.read('a', one)
      const other = open('other', world, server.port)
      await world.read('a', other)
      await other.cache.close()
    }
    expect(world.violations).toEqual([])
    expect(world.failures).toEqual([])
  })

  // A machine that does something else just then takes longer than anybody waits.
  test('a thousand invalidations at once are recorded, and the store stays in use', {
    retry: 3,
  }, async () => {
    const server = await RedisServer.start()
    const one = open('one', new World({ graceMs }), server.port)
    await until(async () => (await one.cache.updateTag('first')).reach === 'everywhere')
    const states: string[] = []
    onTestFinished(one.cache.subscribe((event) => event.kind === 'store' && states.push(event.state)))
    const ids = Array.from({ length: 1_000 }, (_, index) => `t${index}`)
    const results = await Promise.all(ids.map((id) => one.cache.updateTag(id)))
    expect(results.filter(({ reach }) => reach === 'everywhere')).toHaveLength(1_000)
    expect(states).toEqual([])
  })

  test('a key that is no well-formed text holds up nobody', async () => {
    const server = await RedisServer.start()
    const wire = await Wire.to(server.port)
    const one = open('one', new World({ graceMs }), wire.port)
    await until(async () => (await one.cache.updateTag('first')).reach === 'everywhere')
    const read = one.cache.cached(async (id: string) => id, { key: 'by-id', life: 'hours' })
    expect((await read.delete('a\ud800')).reach).toBe('everywhere')
    wire.swallow = { bytes: 't:lost', side: 'request' }
    expect((await one.cache.updateTag('lost')).reach).toBe('here')
    wire.swallow = undefined
    await until(async () => (await server.admin.hget('{restale}:ledger', 'mt:lost')) !== null)
  })

  test('what somebody else writes among the records costs a question now and then', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    await until(async () => (await one.cache.updateTag('first')).reach === 'everywhere')
    await server.admin.xadd('{restale}:records', '*', 'j', 'x')
    const before = await scripts(server)
    await pause(1_000)
    expect((await scripts(server)) - before).toBeLessThan(50)
    await world.change('a', one)
    expect(world.violations).toEqual([])
  })
})

test('whoever is a few records behind finds them, however long they are', async () => {
  const server = await RedisServer.start()
  const port = new RedisPort(clients.ioredis(server.port), 'long', 1_000_000)
  onTestFinished(() => port.close())
  const nowhere = { incarnation: undefined, version: 0 }
  for (let count = 0; count < 400; count++) {
    const since = await port.sync(nowhere)
    const labels = [`u:${count}${'x'.repeat(60_000)}`]
    await port.record({ id: `${count}`, labels: [], hardLabels: labels, expireInMs: 0 }, nowhere)
    await port.record({ id: `${count} too`, labels: ['t:a'], hardLabels: [], expireInMs: 0 }, nowhere)
    const { records } = await port.sync({ incarnation: since.incarnation, version: since.head })
    expect(records).toHaveLength(2)
  }
})

describe('closing', () => {
  test('ends the connections of the store, and leaves the client alone', async () => {
    const server = await RedisServer.start()
    const node = await createClient({ socket: { port: server.port } }).connect()
    const io = new Redis({ port: server.port })
    onTestFinished(() => {
      node.destroy()
      io.disconnect()
    })
    await io.ping()
    const connected = async () =>
      Number(/connected_clients:(\d+)/.exec(await server.admin.info('clients'))?.[1])
    const before = await connected()
    for (const client of [node, io]) {
      const cache = createCache({ store: redisStore({ client }) })
      await cache.updateTag('a')
      await until(async () => (await connected()) === before + 2)
      await cache.close()
      await until(async () => (await connected()) === before)
    }
    expect(await node.ping()).toBe('PONG')
    expect(await io.ping()).toBe('PONG')
  })

  test('what was written last gets there', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = new CacheNode('one', world, { client: clients.ioredis(server.port) })
    await one.cache.updateTag('unrelated')
    await one.read('a')
    await one.cache.close()
    expect(await itemKeys(server)).toHaveLength(1)
  })
})

describe('options', () => {
  const client = createClient()
  const refused: [string, unknown][] = [
    ['client', {}],
    ['client', { client: {} }],
    ['client', { client: 'redis://localhost' }],
    ['prefix', { client, prefix: '' }],
    ['prefix', { client, prefix: 'a}b' }],
    ['prefix', { client, prefix: 'x'.repeat(129) }],
    ['prefix', { client, prefix: 7 }],
    ['deadline', { client, deadline: 5 }],
    ['deadlineMs', { client, deadlineMs: 0 }],
  ]

  test.each(refused)('%s is looked at: %o', (name, options) => {
    const make = () => redisStore(options as never)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_INVALID_OPTION' }))
    expect(make).toThrow(name)
  })
})
