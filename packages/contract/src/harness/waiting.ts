import { setImmediate } from 'node:timers/promises'

const patienceMs = 5_000

/** Lets everything run that is ready to: sockets of this process and what they set off. */
export async function quiet(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
}

/** Lets the process work until something has come about. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const givenUpAt = Date.now() + patienceMs
  while (!condition()) {
    if (Date.now() > givenUpAt) throw new Error(`Waited in vain until ${what}`)
    await setImmediate()
  }
}

/** What `promise` gives, if it gives it in time. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)
    // Some cases look at what holds the process, and this is not to be found among it.
    timer.unref()
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
