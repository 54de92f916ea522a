// A worker thread with a store: does what it is told, one message after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { LmdbPort } from '@restale/lmdb/port'

const port = new LmdbPort(workerData)

parentPort.on('message', ({ name, args = [], times = 1 }) => {
  if (name === 'close') {
    port.close()
    parentPort.close()
    return
  }
  if (name === 'forever')
    for (;;) port.record({ id: 'x', labels: ['t:x'], hardLabels: [], expireInMs: 0 }, nowhere)
  let result
  for (let count = 0; count < times; count++) result = port[name](...args)
  parentPort.postMessage(result)
})
parentPort.postMessage('ready')
