import assert from 'node:assert/strict'
import type { StorePort } from '@restale/core/store'
import type { StoreTheme } from '../case.ts'
import { expectFound, expectNothing } from '../expect.ts'
import { hostileTexts, longTexts } from '../hostile.ts'
import { itemOf, nowhere } from '../words.ts'

const longestKey = 10_000

export const keys: StoreTheme = {
  name: 'keys',
  cases: [
    {
      id: 'key-hostile',
      title: 'an item is found under its key and no other, whatever the key looks like',
      async run(trial) {
        await keepApart(await trial.port(), ['', ...hostileTexts])
      },
    },
    {
      id: 'key-long',
      title: `keys of ${longestKey} characters are kept apart, wherever they differ`,
      async run(trial) {
        await keepApart(await trial.port(), longTexts(longestKey))
      },
    },
  ],
}

/** Every other one first: where nothing was written, nothing may be found. */
async function keepApart(port: StorePort, texts: readonly string[]): Promise<void> {
  const view = await port.sync(nowhere)
  const all = texts.map((key, index) => itemOf(view, key, { bytes: Uint8Array.of(index) }))
  const isFirst = (_: unknown, index: number) => index % 2 === 0
  for (const item of all.filter(isFirst)) assert.equal(await port.write(item), true, named(item.key))
  for (const [index, item] of all.entries()) {
    const reply = await port.read(item.key, nowhere)
    if (isFirst(item, index)) expectFound(reply, item, named(item.key))
    else expectNothing(reply, named(item.key))
  }
  for (const item of all) await port.write(item)
  for (const item of all) expectFound(await port.read(item.key, nowhere), item, named(item.key))
}

function named(key: string): string {
  return `under ${JSON.stringify(key.slice(0, 20))} of ${key.length}`
}
