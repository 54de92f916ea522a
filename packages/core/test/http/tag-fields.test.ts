import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { namedTags } from '../../src/http/tag-fields.ts'

describe('the tags that a response names', () => {
  it.each<[string, string[], string[]]>([
    ['no field', ['X-Tag', 'a'], []],
    ['Cache-Tag', ['Cache-Tag', 'a,b , c d,,'], ['a', 'b', 'c d']],
    ['Edge-Cache-Tag', ['edge-cache-tag', 'a, b'], ['a', 'b']],
    ['Surrogate-Key', ['Surrogate-Key', ' a b\tc  d '], ['a', 'b', 'c', 'd']],
    ['Surrogate-Key with commas', ['Surrogate-Key', 'a,b c'], ['a,b', 'c']],
    ['several lines', ['Surrogate-Key', 'a b', 'surrogate-key', 'c'], ['a', 'b', 'c']],
    ['several lines of Surrogate-Key in one', ['Surrogate-Key', 'a b, c d'], ['a', 'b', 'c', 'd']],
    ['several lines of Cache-Tag', ['Cache-Tag', 'a', 'Cache-Tag', 'b'], ['a', 'b']],
    ['Cache-Groups', ['Cache-Groups', '"a", "b, c"'], ['a', 'b, c']],
    ['Cache-Groups with escapes', ['Cache-Groups', '"a\\"b", "c\\\\d"'], ['a"b', 'c\\d']],
    ['Cache-Groups with parameters', ['Cache-Groups', '"a";x=1;y, "b"'], ['a', 'b']],
    ['Cache-Groups in several lines', ['Cache-Groups', '"a"', 'Cache-Groups', '"b"'], ['a', 'b']],
    ['an empty group', ['Cache-Groups', '"", "a"'], ['a']],
    [
      'each of them once',
      ['Cache-Tag', 'a, b, a', 'Surrogate-Key', 'b c', 'Cache-Groups', '"c"'],
      ['a', 'b', 'c'],
    ],
    ['Cache-Tag in letters of any case', ['Cache-Tag', 'A, a'], ['A', 'a']],
  ])('%s', (_what, lines, tags) => {
    expect(namedTags(lines)).toEqual(tags)
  })

  it.each(['a, "b"', '"a", b', '"a" "b"', '"a"b', '"a', '"a", 1', '"a", ("b")', "'a'", '"a", :YQ==:'])(
    'ignores all of Cache-Groups if a member is no string: %s',
    (value) => {
      expect(namedTags(['Cache-Groups', value, 'Cache-Tag', 'other'])).toEqual(['other'])
    },
  )

  test('any text is read without harm, and no tag is empty or twice there', () => {
    const name = fc.constantFrom('cache-tag', 'Surrogate-Key', 'edge-cache-tag', 'Cache-Groups')
    const value = fc.string({ unit: fc.constantFrom('a', 'b', ',', ' ', '"', '\\', ';', '\t', '=') })
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 4 }), (fields) => {
        const tags = namedTags(fields.flat())
        expect(tags).not.toContain('')
        expect(new Set(tags).size).toBe(tags.length)
      }),
    )
  })

  test('any list of groups is read back', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', ';', ' ', '"', '\\'), minLength: 1 })
    fc.assert(
      fc.property(fc.uniqueArray(text), (groups) => {
        const value = groups.map((group) => `"${group.replace(/["\\]/g, '\\$&')}"`).join(', ')
        expect(namedTags(['Cache-Groups', value])).toEqual(groups)
      }),
    )
  })
})
