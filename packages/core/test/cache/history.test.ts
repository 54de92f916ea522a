import { describe, expect, test } from 'vitest'
import { KeyHistory } from '../../src/cache/history.ts'

describe('a history of keys', () => {
  test('knows what a key turned out to be, the last time', () => {
    const history = new KeyHistory()
    expect(history.get('a')).toBeUndefined()
    history.set('a', { isDecided: true })
    history.set('b', { isUncollapsible: true })
    history.set('a', { isCeded: true })
    expect(history.get('a')).toEqual({ isCeded: true })
    expect(history.get('b')).toEqual({ isUncollapsible: true })
  })

  test('is bounded, and forgets what was set longest ago', () => {
    const history = new KeyHistory(3)
    for (const key of ['a', 'b', 'c']) history.set(key, { isDecided: true })
    history.set('a', { isDecided: true })
    history.set('d', { isDecided: true })
    expect(['a', 'b', 'c', 'd'].filter((key) => history.get(key))).toEqual(['a', 'c', 'd'])
  })

  test('does not remember keys of more than 512 characters, which clients can make up', () => {
    const history = new KeyHistory()
    history.set('x'.repeat(512), { isDecided: true })
    history.set('x'.repeat(513), { isDecided: true })
    expect(history.get('x'.repeat(512))).toEqual({ isDecided: true })
    expect(history.get('x'.repeat(513))).toBeUndefined()
  })

  test('takes no member of Object.prototype for a key', () => {
    const history = new KeyHistory()
    expect(history.get('constructor')).toBeUndefined()
    history.set('__proto__', { isDecided: true })
    expect(history.get('__proto__')).toEqual({ isDecided: true })
  })

  test('knows nothing after clear', () => {
    const history = new KeyHistory()
    history.set('a', { isDecided: true })
    history.clear()
    expect(history.get('a')).toBeUndefined()
  })
})
