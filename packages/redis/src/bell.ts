import { setTimeout as pause } from 'node:timers/promises'
import type { LedgerView, Position } from '@restale/core/store'
import type { Connection } from './connection.ts'

/** How long the server waits for news before it answers that there are none, in milliseconds. */
export const blockMs = 1_000
/** After a failure, in milliseconds. */
const retryMs = 100

/** Waits for records, and asks what they are when there are some: the stream says when, a script what. */
export async function listen(
  connection: Connection,
  records: string,
  since: Position,
  sync: (since: Position) => Promise<LedgerView>,
  onView: (view: LedgerView) => void,
  isOver: () => boolean,
): Promise<void> {
  let position = since
  while (!isOver()) {
    try {
      const isNews = position.incarnation === undefined || (await hasNews(connection, records, position))
      if (!isNews || isOver()) continue
      const view = await sync(position)
      const { incarnation, version } = position
      position = { incarnation: view.incarnation, version: view.head }
      // News that change nothing: somebody else has written there, and each question would be answered at once.
      if (view.incarnation === incarnation && view.head <= version)
        await pause(retryMs, undefined, { ref: false })
      if (!isOver()) onView(view)
    } catch {
      await pause(retryMs, undefined, { ref: false })
    }
  }
}

async function hasNews(
  connection: Connection,
  records: string,
  { incarnation, version }: Position,
): Promise<boolean> {
  const [id] = String(incarnation).split('-')
  const last = `${id}-${version}`
  return (await connection.send(['XREAD', 'BLOCK', String(blockMs), 'STREAMS', records, last])) !== null
}
