// What happens to Redis, and to the way there, while an application goes on reading and invalidating.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ClientName } from '../support/clients.ts'
import { clientNames, clients } from '../support/clients.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { Wire } from '../support/wire.ts'
import { CacheNode, World } from '../support/world.ts'

interface Scene {
  readonly server: RedisServer
  /** The way of both nodes to it. */
  readonly wire: Wire
}

interface Fault {
  readonly name: string
  readonly options?: readonly string[]
  readonly begin: (scene: Scene) => unknown
  readonly end: (scene: Scene) => unknown
  /** Nothing is answered any more, so nobody can be told. */
  readonly isOutage: boolean
}

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const maxUnverifiedMs = 400
/** For which each fault lasts. */
const faultMs = 700
const deadlineMs = 100

const faults: readonly Fault[] = [
  {
    name: 'Redis is killed, and starts again empty',
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.launch(),
    isOutage: true,
  },
  {
    name: 'Redis is suspended',
    begin: ({ server }) => server.suspend(),
    end: ({ server }) => server.resume(),
    isOutage: true,
  },
  {
    name: 'connections are cut',
    begin: ({ wire }) => wire.become('cut'),
    end: ({ wire }) => wire.become('pass'),
    isOutage: true,
  },
  {
    name: 'connections are half-open',
    begin: ({ wire }) => wire.become('half-open'),
    end: ({ wire }) => wire.become('pass'),
    isOutage: true,
  },
  {
    name: 'only requests get through',
    begin: ({ wire }) => wire.become('requests'),
    end: ({ wire }) => wire.become('pass'),
    isOutage: true,
  },
  {
    name: 'only replies get through',
    begin: ({ wire }) => wire.become('replies'),
    end: ({ wire }) => wire.become('pass'),
    isOutage: true,
  },
  {
    name: 'it is slower than anybody waits',
    begin: ({ wire }) => wire.delay(3 * deadlineMs),
    end: ({ wire }) => wire.delay(0),
    isOutage: true,
  },
  {
    name: 'it is slow',
    begin: ({ wire }) => wire.delay(15),
    end: ({ wire }) => wire.delay(0),
    isOutage: false,
  },
  {
    name: 'connections are killed again and again',
    begin: ({ server }) => killClients(server, 6),
    end: () => {},
    isOutage: false,
  },
  {
    name: 'it is flushed',
    begin: ({ server }) => server.admin.flushall(),
    end: () => {},
    isOutage: false,
  },
  {
    name: 'its scripts are flushed',
    begin: ({ server }) => server.admin.script('FLUSH'),
    end: () => {},
    isOutage: false,
  },
  {
    name: 'its memory is full',
    begin: ({ server }) => server.admin.config('SET', 'maxmemory', '1'),
    end: ({ server }) => server.admin.config('SET', 'maxmemory', '0'),
    isOutage: true,
  },
  {
    name: 'it evicts',
    begin: ({ server }) =>
      server.admin
        .multi()
        .config('SET', 'maxmemory-policy', 'allkeys-lru')
        .config('SET', 'maxmemory', '1')
        .exec(),
    end: ({ server }) => server.admin.config('SET', 'maxmemory', '0'),
    isOutage: false,
  },
  {
    name: 'it takes no writes',
    begin: ({ server }) => server.admin.config('SET', 'min-replicas-to-write', '1'),
    end: ({ server }) => server.admin.config('SET', 'min-replicas-to-write', '0'),
    isOutage: true,
  },
  {
    name: 'its password has changed',
    begin: async ({ server }) => {
      await server.admin.config('SET', 'requirepass', 'another')
      await server.killClients()
    },
    end: async ({ server }) => {
      await server.admin.config('SET', 'requirepass', '')
    },
    isOutage: true,
  },
]

async function killClients(server: RedisServer, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    await server.killClients()
    await pause(100)
  }
}

function nodesOn(world: World, port: number, client: ClientName): [CacheNode, CacheNode] {
  const node = (name: string) =>
    new CacheNode(name, world, { client: clients[client](port), maxUnverifiedMs, deadlineMs })
  return [node('one'), node('other')]
}

describe.each(clientNames)('by %s', (client) => {
  test.each(faults)(
    '$name: no request fails, and nothing that was invalidated comes back',
    async (fault) => {
      const server = await RedisServer.start(fault.options)
      const wire = await Wire.to(server.port)
      const scene = { server, wire }
      const world = new World({ graceMs: 250 })
      const [one, other] = nodesOn(world, wire.port, client)
      for (const node of [one, other]) for (const id of ids) await world.read(id, node)
      expect(await world.change('a', one)).toMatchObject({ reach: 'everywhere' })

      const stop = world.load([one, other], ids)
      await pause(100)
      const before = world.latencies.length
      world.graceMs = maxUnverifiedMs + 3 * deadlineMs
      const begun = fault.begin(scene)
      await pause(20)
      const inFault = await world.change('b', one)
      await begun
      await world.change('c', other)
      await pause(faultMs)
      await world.change('d', one)
      const during = world.latencies.slice(before)
      await fault.end(scene)
      const endedAt = performance.now()
      await until(async () => (await world.change('e', other)).reach === 'everywhere', 4_000)
      const recoveredMs = performance.now() - endedAt
      // Healthy again: everybody knows within a quarter of a second.
      await pause(maxUnverifiedMs)
      world.graceMs = 250
      await world.change('f', one)
      await pause(350)
      await stop()

      expect(world.failures).toEqual([])
      expect(world.violations).toEqual([])
      if (fault.isOutage) expect(inFault.reach).toBe('here')
      // What waited for it when it began, and five more for each connection.
      const slow = during.filter((ms) => ms > deadlineMs / 2)
      if (fault.name !== 'it is slow') expect(slow.length).toBeLessThanOrEqual(14)
      expect(Math.max(...during)).toBeLessThan(deadlineMs * 2.5)
      expect(recoveredMs).toBeLessThan(2_000)
    },
    30_000,
  )
})
