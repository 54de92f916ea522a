import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Oldest } from '../../src/cache/oldest.ts'

describe('the oldest key', () => {
  test('is the one that was set first of those that are left, whatever happens in between', () => {
    const key = fc.nat(20)
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('set', 'set again'), key }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('take'), key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear'), key }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const map = new Map<number, string>()
        const oldest = new Oldest(map)
        for (const next of steps) {
          if (next.do === 'take' && map.size > 0) {
            const [expected] = map.keys()
            const taken = oldest.next()
            expect(taken).toBe(expected)
            map.delete(taken)
          }
          if (next.do === 'clear') map.clear()
          if (next.do === 'delete' || next.do === 'set again') map.delete(next.key)
          if (next.do === 'set' || next.do === 'set again') map.set(next.key, 'value')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is found in a Set as well, also after everything had been taken', () => {
    const set = new Set(['a', 'b'])
    const oldest = new Oldest(set)
    for (const expected of ['a', 'b']) {
      expect(oldest.next()).toBe(expected)
      set.delete(expected)
    }
    set.add('c').add('a')
    expect(oldest.next()).toBe('c')
  })
})
