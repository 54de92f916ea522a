import { expect, it } from 'vitest'
import { inject } from '../../src/index.ts'

it('answers a request by a listener that no server has', async () => {
  const response = await inject(
    (request, response) => {
      response.setHeader('X-Seen', `${request.method} ${request.url} ${request.headers.host}`)
      request.pipe(response)
    },
    { method: 'POST', path: '/a', body: 'text' },
  )
  expect(response).toMatchObject({ status: 200, isComplete: true })
  expect(response.body.toString()).toBe('text')
  expect(response.lines).toContainEqual(['X-Seen', 'POST /a contract.test'])
})

it('gives what the listener throws', async () => {
  const listener = () => Promise.reject(new Error('meant to fail'))
  await expect(inject(listener as () => void, { path: '/' })).rejects.toThrow('meant to fail')
})

it('shows a response that was cut as one', async () => {
  const response = await inject(
    (_, response) => {
      response.setHeader('Content-Length', '10')
      response.write('half')
      setImmediate(() => response.destroy())
    },
    { path: '/' },
  )
  expect(response.isComplete).toBe(false)
})
