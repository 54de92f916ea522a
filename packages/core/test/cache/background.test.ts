import { describe, expect, test } from 'vitest'
import { Background } from '../../src/cache/background.ts'

function deferred() {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** Lets everything run that only waits for promises. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('slots', () => {
  test('are as many as the limit, and free again once given back', () => {
    const background = new Background(2)
    const release = background.occupy()
    expect(background.hasRoom).toBe(true)
    background.occupy()
    expect(background.hasRoom).toBe(false)
    release()
    expect(background.hasRoom).toBe(true)
  })

  test('given back twice count once', () => {
    const background = new Background(1)
    const first = background.occupy()
    first()
    first()
    background.occupy()
    expect(background.hasRoom).toBe(false)
    first()
    expect(background.hasRoom).toBe(false)
  })
})

describe('idle', () => {
  test('is at once when nothing runs', async () => {
    await new Background(1).idle()
  })

  test('comes when all work has ended, what failed included', async () => {
    const background = new Background(1)
    const [one, two] = [deferred(), deferred()]
    background.track(one.promise)
    background.track(two.promise)
    let isIdle = false
    const idle = background.idle().then(() => {
      isIdle = true
    })
    one.reject(new Error('one'))
    await turn()
    expect(isIdle).toBe(false)
    two.resolve()
    await idle
  })

  test('waits for work that began while it waited', async () => {
    const background = new Background(1)
    const [one, two] = [deferred(), deferred()]
    background.track(one.promise.then(() => background.track(two.promise)))
    let isIdle = false
    const idle = background.idle().then(() => {
      isIdle = true
    })
    one.resolve()
    await turn()
    expect(isIdle).toBe(false)
    two.resolve()
    await idle
  })

  test('may be awaited by several, and again later', async () => {
    const background = new Background(1)
    const work = deferred()
    background.track(work.promise)
    const both = Promise.all([background.idle(), background.idle()])
    work.resolve()
    await both
    await background.idle()
  })
})
