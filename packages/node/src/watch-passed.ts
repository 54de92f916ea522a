import type { ServerResponse } from 'node:http'
import type { HeaderLines } from '@restale/core/http'
import { watchHead } from './head.ts'
import { headerLines } from './header-lines.ts'

/** Tells of the head of a response that is not ours, by whichever way it goes out, before it does. */
export function watchPassed(
  response: ServerResponse,
  watch: (status: number, lines: HeaderLines) => void,
): void {
  watchHead(response, {
    onHead: (status) => watch(status, headerLines(response)),
    onOut: () => {},
    onRefused: () => {},
  })
}
