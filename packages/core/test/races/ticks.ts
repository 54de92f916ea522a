/** Lets everything go on that can go on by itself, through so many turns of the event loop. */
export async function ticks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
