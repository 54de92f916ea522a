// One candidate in a process of its own. It is told what to be, and says where it listens and what it has used.
import { candidateOf } from './candidates/index.mjs'
import { subjectOf } from './subject.mjs'

process.once('message', async ({ group, name, bytes, lines }) => {
  const subject = subjectOf(bytes, lines)
  const candidate = await candidateOf(group, name)
  const server = await candidate.start(subject)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpuMicroseconds: user + system, made: subject.made })
  })
  process.send({ url: `http://127.0.0.1:${server.address().port}/` })
})
