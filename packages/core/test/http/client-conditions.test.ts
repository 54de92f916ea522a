import { expect, test } from 'vitest'
import type { Capture } from '../../src/http/capture.ts'
import { ClientConditions, replaceConditions } from '../../src/http/client-conditions.ts'

const sent = { host: 'x', 'if-none-match': '"a"', range: 'bytes=0-1' }

/** As much of a capture as is asked. */
function capture({ isDecided, asked = [] }: { isDecided: boolean; asked?: string[] }) {
  return {
    scope: { isDecided },
    conditions: asked,
    onDecided: undefined,
    stopValidating() {},
  } as unknown as Capture
}

function conditions(isDecided: boolean, asked: string[] = []) {
  const headers: Record<string, unknown> = { ...sent }
  const of = capture({ isDecided, asked })
  return {
    headers,
    of,
    conditions: new ClientConditions(of, (conditions) => replaceConditions(headers, conditions)),
  }
}

test('hidden at once where it is decided', () => {
  const { headers, conditions: hidden } = conditions(true)
  expect(headers).toEqual({ host: 'x' })
  hidden.headOut()
  expect(headers).toEqual(sent)
})

test('hidden once it is decided, shown to whoever takes over, and hidden again', () => {
  const { headers, of, conditions: hidden } = conditions(false)
  expect(headers).toEqual(sent)
  of.onDecided?.()
  expect(headers).toEqual({ host: 'x' })
  hidden.restore()
  expect(headers).toEqual(sent)
  of.onDecided?.()
  expect(headers).toEqual({ host: 'x' })
})

test('deciding when the head is out hides nothing', () => {
  const { headers, of, conditions: hidden } = conditions(false)
  hidden.headOut()
  of.onDecided?.()
  expect(headers).toEqual(sent)
})

test('those by which the cache asks stand in their place, until the head is out', () => {
  const { headers, conditions: hidden } = conditions(true, [
    'if-none-match',
    '"b"',
    'if-modified-since',
    'then',
  ])
  expect(headers).toEqual({ host: 'x', 'if-none-match': '"b"', 'if-modified-since': 'then' })
  hidden.headOut()
  expect(headers).toEqual(sent)
})
