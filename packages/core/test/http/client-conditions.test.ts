import { expect, test } from 'vitest'
import type { Capture } from '../../src/http/capture.ts'
import { ClientConditions, hideConditions } from '../../src/http/client-conditions.ts'

const sent = { host: 'x', 'if-none-match': '"a"', range: 'bytes=0-1' }

/** As much of a capture as is asked. */
function capture({ isDecided }: { isDecided: boolean }) {
  return { scope: { isDecided }, onDecided: undefined } as unknown as Capture
}

function conditions(isDecided: boolean) {
  const headers: Record<string, unknown> = { ...sent }
  const of = capture({ isDecided })
  return { headers, of, conditions: new ClientConditions(of, () => hideConditions(headers)) }
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
