// The tests start servers of their own. This brings the binary where it is missing, or says what to do.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './lib.mjs'

const isOnPath = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))

export const redisServer = async () => {
  if (isOnPath('redis-server')) return
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log('Installing redis-server …')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    const quiet = { quiet: true, env }
    await run('apt-get', ['update'], quiet)
    const { output } = await run(
      'apt-get',
      ['install', '-y', '--no-install-recommends', 'redis-server'],
      quiet,
    )
    if (isOnPath('redis-server')) return
    console.error(output)
  }
  throw new Error(
    'The tests need redis-server (6.2 or later) on the PATH: `apt-get install redis-server`, or `brew install redis`.',
  )
}
