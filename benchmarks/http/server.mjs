// One candidate in a process of its own. It is told what to be, and says where it listens and what it has used.
import { candidateOf } from './candidates/index.mjs'
import { subjectOf } from './subject.mjs'

process.once('message', async ({ group, name, bytes, lines }) => {
  const subject = subjectOf(bytes, lines)
  const server = await candidateOf(group, name).start(subject)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpuMicroseconds: user + system, made: subject.made, memory: memory() })
  })
  process.send({ url: `http://127.0.0.1:${server.address().port}/` })
})

function memory() {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { used: heapUsed + external, rss }
}
