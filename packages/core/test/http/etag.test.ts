import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { etagsMatchWeakly, generateEtag, parseEtagList } from '../../src/http/etag.ts'

const bytes = new TextEncoder().encode('Hello World')

describe('generateEtag', () => {
  it('is the length and the SHA-1 of the bytes', () => {
    expect(generateEtag(bytes, 'strong')).toBe('"b-Ck1VqNd45QIvq3AZd8XYQLvEhtA"')
    expect(generateEtag(new Uint8Array(), 'strong')).toBe('"0-2jmj7l5rSw0yVb_vlWAYkK_YBwk"')
  })

  it('is weak when asked, with the same opaque tag', () => {
    expect(generateEtag(bytes, 'weak')).toBe(`W/${generateEtag(bytes, 'strong')}`)
  })

  it('reads only the bytes of a view', () => {
    expect(generateEtag(new Uint8Array([9, ...bytes, 9]).subarray(1, -1), 'strong')).toBe(
      generateEtag(bytes, 'strong'),
    )
  })
})

describe('etagsMatchWeakly', () => {
  test.each<[a: string, b: string, matches: boolean]>([
    ['"1"', '"1"', true],
    ['W/"1"', '"1"', true],
    ['"1"', 'W/"1"', true],
    ['W/"1"', 'W/"1"', true],
    ['W/"1"', 'W/"2"', false],
    ['"a"', '"A"', false],
    ['"1"', '1', false],
    ['w/"1"', '"1"', false],
  ])('of %s and %s is %s', (a, b, matches) => expect(etagsMatchWeakly(a, b)).toBe(matches))
})

describe('parseEtagList', () => {
  test.each<[value: string, etags: '*' | string[]]>([
    ['', []],
    [' , ', []],
    ['*', '*'],
    ['\t* ', '*'],
    ['"a"', ['"a"']],
    ['"a", W/"b" ,"c"', ['"a"', 'W/"b"', '"c"']],
    ['"a,b", "c"', ['"a,b"', '"c"']],
    ['"a\\", "b"', ['"a\\"', '"b"']],
    ['""', ['""']],
    ['"ü"', ['"ü"']],
    ['abc , def', ['abc', 'def']],
    ['"a", *', ['"a"', '*']],
    ['"a"junk, "b"', ['"a"', 'junk', '"b"']],
    ['"never closed, "', ['"never closed, "']],
    ['"never closed', ['"never closed']],
    ['W/', ['W/']],
    ['w/"a"', ['w/"a"']],
  ])('of %j is %j', (value, etags) => expect(parseEtagList(value)).toEqual(etags))

  it('gives back every list of entity tags', () => {
    const etag = fc
      .tuple(fc.constantFrom('', 'W/'), fc.stringMatching(/^[!#-~\x80-\xff]*$/))
      .map(([weak, opaque]) => `${weak}"${opaque}"`)
    fc.assert(
      fc.property(fc.array(etag), (etags) => {
        expect(parseEtagList(etags.join(', '))).toEqual(etags)
        expect(parseEtagList(etags.join(','))).toEqual(etags)
      }),
    )
  })
})
