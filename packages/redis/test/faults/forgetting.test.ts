// A server that comes back with less than it had: what it has forgotten must not bring anything back.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { clientNames, clients } from '../support/clients.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { Wire } from '../support/wire.ts'
import { CacheNode, World } from '../support/world.ts'

const graceMs = 250

describe.each(clientNames)('by %s', (client) => {
  const open = (name: string, world: World, port: number) =>
    new CacheNode(name, world, { client: clients[client](port), maxUnverifiedMs: 500 })

  test('a snapshot from before an invalidation: what it guarded stays expired, everything once', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const [one, other] = [open('one', world, server.port), open('other', world, server.port)]
    await world.read('a', one)
    await world.read('b', one)
    await world.change('b', one)
    await until(async () => (await server.admin.keys('*item*')).length >= 2)
    await server.admin.save()
    await world.change('a', one)
    await world.change('a', other)
    await server.kill()
    await server.launch()

    await until(() => one.saw('forgot') === 1 && other.saw('forgot') === 1)
    const fresh = open('fresh', world, server.port)
    for (const node of [one, other, fresh]) for (const id of ['a', 'b']) await world.read(id, node)
    expect(world.violations).toEqual([])
    expect(await one.read('a')).toBe('a 3')
    await pause(300)
    expect([one.saw('forgot'), other.saw('forgot')]).toEqual([1, 1])
  })

  test('a snapshot from before an invalidation, and nobody left who knows better', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    await world.read('a', one)
    await until(async () => (await server.admin.keys('*item*')).length === 1)
    await server.admin.save()
    await world.change('a', one)
    await one.cache.close()
    await server.kill()
    await server.launch()
    expect(await server.admin.keys('*item*')).toHaveLength(1)
    expect(await open('fresh', world, server.port).read('a')).toBe('a 2')
  })

  test('a replica that lagged behind and was promoted', async () => {
    const primary = await RedisServer.start()
    const replica = await RedisServer.start(['--replicaof', '127.0.0.1', String(primary.port)])
    const wire = await Wire.to(primary.port)
    const world = new World({ graceMs })
    const [one, other] = [open('one', world, wire.port), open('other', world, wire.port)]
    await world.read('a', one)
    await until(async () => (await replica.admin.keys('*item*')).length === 1)
    // From here on the replica gets nothing.
    replica.suspend()
    await world.change('a', one)
    await world.read('a', one)
    await primary.kill()
    replica.resume()
    await replica.admin.replicaof('NO', 'ONE')
    wire.redirect(replica.port)

    await until(() => one.saw('forgot') === 1 && other.saw('forgot') === 1)
    const fresh = open('fresh', world, wire.port)
    for (const node of [one, other, fresh]) await world.read('a', node)
    expect(world.violations).toEqual([])
    expect(world.failures).toEqual([])
    expect(await fresh.read('a')).toBe('a 2')
  })

  test('a replica is not asked: what it says may be old', async () => {
    const primary = await RedisServer.start()
    const replica = await RedisServer.start(['--replicaof', '127.0.0.1', String(primary.port)])
    const world = new World({ graceMs })
    const one = open('one', world, primary.port)
    await world.read('a', one)
    await until(async () => (await replica.admin.keys('*item*')).length === 1)
    const astray = open('astray', world, replica.port)
    await astray.read('a')
    expect(await world.change('a', astray)).toMatchObject({ reach: 'here' })
    await world.read('a', astray)
    expect(world.violations).toEqual([])
    expect(astray.events.map(({ kind }) => kind)).not.toContain('loaded')
    await until(() => astray.saw('failing') === 1)
  })

  test('the stream is gone, and the ledger is not: what came between is not taken for nothing', async () => {
    const server = await RedisServer.start()
    const wire = await Wire.to(server.port)
    const world = new World({ graceMs })
    const [one, other] = [open('one', world, server.port), open('other', world, wire.port)]
    for (const id of ['a', 'b']) await world.read(id, one)
    await pause(50)
    for (const id of ['a', 'b']) await world.read(id, other)
    wire.become('cut')
    await world.change('a', one)
    await server.admin.del('{restale}:records')
    wire.become('pass')
    await until(() => other.saw('forgot') === 1)
    const before = other.runs
    for (const id of ['a', 'b']) await world.read(id, other)
    expect(world.violations).toEqual([])
    // Judged by the marks, which are there: what was not invalidated comes from Redis.
    expect(other.runs).toBe(before + 1)
  })

  test('its clock steps back by an hour: a deadline that has passed has passed', async () => {
    const server = await RedisServer.start()
    const world = new World({ graceMs })
    const one = open('one', world, server.port)
    await world.read('a', one)
    await until(async () => (await server.admin.keys('{restale}:item:*')).length === 1)
    // An hour later by its clock than by ours, when it is said; and no more from then on.
    const hourMs = 60 * 60 * 1000
    await server.admin.hset('{restale}:ledger', 'o', hourMs)
    await one.cache.revalidateTag('a', { expire: 0.3 })
    await one.cache.close()
    await server.admin.hset('{restale}:ledger', 'o', 0)
    const soon = open('soon', world, server.port)
    await until(async () => (await soon.cache.updateTag('unrelated')).reach === 'everywhere')
    await pause(500)
    const later = open('later', world, server.port)
    await later.read('a')
    expect(later.events.map(({ kind }) => kind)).not.toContain('loaded')
  })
})
