// npm run check:processes: the checker of processes that share a Redis, for much longer than in the suite. How many
// seconds: the argument, or CHECK_SECONDS.
import { tool } from './lib.mjs'
import { redisServer } from './redis-server.mjs'
import { setup } from './setup.mjs'

const [seconds = process.env.CHECK_SECONDS ?? '600'] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(seconds)) {
  console.error(`The number of seconds must be a whole number, got "${seconds}".`)
  process.exit(1)
}
await setup()
await redisServer()
const env = { ...process.env, CHECK_SECONDS: seconds }
const { ok } = await tool('vitest', ['run', 'packages/redis/test/checker'], { env })
process.exitCode = ok ? 0 : 1
