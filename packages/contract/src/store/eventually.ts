import { setTimeout as pause } from 'node:timers/promises'

const patienceMs = 5_000

/** Asks again and again until it is so. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const givenUpAt = performance.now() + patienceMs
  while (!(await isSo())) {
    if (performance.now() > givenUpAt) throw new Error(`Waited in vain until ${what}`)
    await pause(2)
  }
}
