import type { Body, Exchange, Handler } from '../description.ts'

/** A handler that counts how often it runs. */
export interface Origin {
  readonly runs: number
  readonly handle: Handler
}

/** `handle` also gets the number of the run, from 1 on. @default the text `run <number>` */
export function origin(
  handle: (exchange: Exchange, run: number) => Body | Promise<Body> = (_, run) => `run ${run}`,
): Origin {
  let runs = 0
  return {
    get runs() {
      return runs
    },
    handle: (exchange) => handle(exchange, ++runs),
  }
}
