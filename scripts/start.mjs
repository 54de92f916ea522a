// npm start: sets up, builds, and runs the Express example. PORT is passed on; so is a request to stop.
import { spawn } from 'node:child_process'
import { root, tool } from './lib.mjs'
import { setup } from './setup.mjs'

try {
  await setup()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
const { ok } = await tool('tsc', ['-b'])
if (!ok) process.exit(1)

const cwd = `${root}examples/express`
const app = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], { cwd, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // Ctrl-C in a terminal reaches the example by itself, and twice would mean "at once"
    if (signal !== 'SIGINT' || !process.stdin.isTTY) app.kill(signal)
  })
}
// npm hands a signal to its shell, which may end without handing it on: then nobody waits for us any more
const parent = process.ppid
const orphaned = () => process.ppid !== parent && app.kill('SIGTERM')
if (process.env.npm_lifecycle_event === 'start') setInterval(orphaned, 250).unref()

app.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)
})
