import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Item, LedgerView, Marking, Position, ReadReply, Stamp, StorePort } from '@restale/core/store'
import { blockMs, listen } from './bell.ts'
import type { RedisClient } from './client.ts'
import { Connection } from './connection.ts'
import type { Argument } from './driver.ts'
import type { StoreKeys } from './keys.ts'
import { keysOf } from './keys.ts'
import { lua } from './lua.ts'
import { foundOf, isNamed, viewOf } from './replies.ts'
import { Script } from './script.ts'

/** A command that takes longer will not be answered any more, in milliseconds. */
const hangsAfterMs = 1_000
/** For what is under way when it is closed, in milliseconds. */
const lastCallMs = 100

const scripts = {
  sync: new Script(lua.sync),
  read: new Script(lua.read),
  write: new Script(lua.write),
  remove: new Script(lua.remove),
  record: new Script(lua.record),
}

const nowhere: Position = { incarnation: undefined, version: 0 }

/** A store in one Redis server: each method is a script, so a single moment and a single round trip. */
export class RedisPort implements StorePort {
  readonly #client: RedisClient
  readonly #keys: StoreKeys
  readonly #maxItemBytes: number
  readonly #connection: Connection
  readonly #stops = new Set<() => void>()
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(client: RedisClient, prefix: string, maxItemBytes: number) {
    this.#client = client
    this.#keys = keysOf(prefix)
    this.#maxItemBytes = maxItemBytes
    this.#connection = new Connection(client, hangsAfterMs)
  }

  async read(key: string, since: Position): Promise<ReadReply> {
    const reply = await this.#run('read', since, [String(this.#maxItemBytes)], key)
    return { view: viewOf(reply, since), found: foundOf(reply) }
  }

  async write(item: Item): Promise<boolean> {
    const { bytes, labels, uselessAt } = item
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const args = [...stampArguments(item), String(uselessAt), JSON.stringify(labels), body]
    return (await this.#run('write', nowhere, args, item.key)) === 1
  }

  async remove(key: string, stamp: Stamp, forMs: number): Promise<void> {
    await this.#run('remove', nowhere, [...stampArguments(stamp), String(Math.ceil(forMs))], key)
  }

  async record({ id, labels, hardLabels, expireInMs }: Marking, since: Position): Promise<LedgerView> {
    const expireIn = expireInMs === Number.POSITIVE_INFINITY ? -1 : Math.max(0, expireInMs)
    const marking = JSON.stringify({ id, labels, hardLabels })
    return viewOf(await this.#run('record', since, [String(expireIn), marking]), since)
  }

  async sync(since: Position): Promise<LedgerView> {
    return viewOf(await this.#run('sync', since, []), since)
  }

  watch(since: Position, onView: (view: LedgerView) => void): () => void {
    // One that waits keeps what comes after it waiting, too.
    const connection = new Connection(this.#client, blockMs + hangsAfterMs)
    let isOver = false
    const stop = () => {
      isOver = true
      connection.close()
      this.#stops.delete(stop)
    }
    this.#stops.add(stop)
    const { records } = this.#keys
    void listen(
      connection,
      records,
      since,
      (position) => this.sync(position),
      onView,
      () => isOver,
    )
    return stop
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    await Promise.race([Promise.allSettled(this.#underWay), pause(lastCallMs)])
    this.#connection.close()
  }

  async #run(
    name: keyof typeof scripts,
    since: Position,
    args: readonly Argument[],
    key?: string,
  ): Promise<unknown> {
    const { ledger, records, order, uriOrder, item } = this.#keys
    const keys = [ledger, records, order, uriOrder, ...(key === undefined ? [] : [item(key)])]
    const question = randomUUID()
    const all = [since.incarnation ?? '', String(since.version), question, ...args]
    const answer = scripts[name].run(this.#connection, keys, all)
    this.#underWay.add(answer)
    try {
      const reply = await answer
      // Where something on the way has swallowed a part, each answer would be taken for that to an earlier question.
      if (typeof reply === 'number' || isNamed(reply, question)) return reply
      this.#connection.renew()
      throw new Error('Redis gave the answer to another question')
    } finally {
      this.#underWay.delete(answer)
    }
  }
}

function stampArguments({ incarnation, version, startedAt }: Stamp): string[] {
  return [incarnation, String(version), String(startedAt)]
}
