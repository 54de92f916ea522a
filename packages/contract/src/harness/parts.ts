import { Buffer } from 'node:buffer'

type Step = string | Buffer | Error | (() => Promise<void>)

/** A stream by script: text and bytes are sent, functions waited for, errors thrown. */
export async function* parts(...steps: readonly Step[]): AsyncGenerator<Buffer> {
  for (const step of steps) {
    if (step instanceof Error) throw step
    if (typeof step === 'function') await step()
    else yield Buffer.from(step)
  }
}
