import type { Engine } from './engine.ts'
import type { Entry } from './entry.ts'
import type { Fill, Landing } from './fills.ts'
import { runInScope, runOutside } from './scope.ts'
import type { Making, Source } from './source.ts'
import type { Tier } from './tier.ts'

/** As it is when this is loaded: timers that a test replaces later do not hold up what runs behind. */
const nextTurn = globalThis.setImmediate

/** Starts a fill that its caller waits for. `isFlight`: others may wait for it too. */
export function startFill<V, R>(
  engine: Engine,
  source: Source<V, R>,
  previous: Entry<V> | undefined,
  isFlight: boolean,
): { fill: Fill<V>; result: Promise<R> } {
  const fill = engine.fills.begin<V>(source.key, source.scope(), engine.clock.now(), previous, { isFlight })
  // However long it takes, only who started it waits longer than the time for one fill.
  const stopTimer = engine.startFillTimer(() => {
    engine.fills.giveUp(fill)
    if (source.staleIfError !== undefined) engine.retryLater(previous, tookTooLong(source))
  })
  const { result, over } = makeInScope(source, fill, previous, 'caller')
  over.then(stopTimer)
  if (source.staleIfError !== undefined) onFailure(fill, (error) => engine.retryLater(previous, error))
  return { fill, result }
}

/** Starts a fill that nobody waits for. */
export function refillBehind<V, R>(engine: Engine, source: Source<V, R>, previous: Entry<V>): void {
  const fill = engine.fills.begin<V>(source.key, source.scope(), engine.clock.now(), previous)
  const release = engine.background.occupy()
  onFailure(fill, (error) => engine.retryLater(previous, error))
  const stopTimer = engine.startFillTimer(() => {
    engine.fills.giveUp(fill)
    engine.retryLater(previous, tookTooLong(source))
  })
  // In a turn of its own: whoever has the stale value gets on with it before any of this runs.
  runOutside(async () => {
    await new Promise<void>((resolve) => nextTurn(resolve))
    if (engine.tier !== undefined && (await isRefilledElsewhere(engine, engine.tier, source, fill)))
      return stopTimer()
    const { result, over } = makeInScope(source, fill, previous, 'background')
    result.catch(() => {})
    over.then(stopTimer)
  })
  // It has landed too when it was given up: from then on nobody waits for it.
  engine.background.track(fill.landed.then(release))
}

/** Another process has been faster: then there is nothing to make. */
async function isRefilledElsewhere<V>(
  engine: Engine,
  tier: Tier,
  { key, codec }: Source<V, unknown>,
  fill: Fill<V>,
): Promise<boolean> {
  const entry = codec === undefined ? undefined : await tier.read(key, codec)
  if (entry === undefined || engine.ledger.judge(entry, engine.clock.now()) !== 'fresh') return false
  endFill(engine, fill, { how: 'value', entry })
  return true
}

/** The end of every fill: no one joins it any more, and those who wait get the landing. */
export function endFill<V>(engine: Engine, fill: Fill<V>, landing: Landing<V>): void {
  fill.scope.close()
  engine.fills.leave(fill)
  fill.land(landing)
}

function makeInScope<V, R>(
  source: Source<V, R>,
  fill: Fill<V>,
  previous: Entry<V> | undefined,
  who: 'caller' | 'background',
): Making<R> {
  return runInScope(fill.scope, () => source.make(fill, previous, who))
}

function tookTooLong({ name }: { readonly name: string }): Error {
  return new Error(`${name} took too long`)
}

function onFailure(fill: Fill, act: (error: unknown) => void): void {
  fill.landed.then((landing) => {
    if (landing.how === 'failed') act(landing.error)
  })
}
