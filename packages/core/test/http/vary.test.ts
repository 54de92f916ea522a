import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { variantOf, varyMembers } from '../../src/http/vary.ts'

describe('varyMembers', () => {
  it('are lower-case, unique and sorted, from all lines', () => {
    const lines = ['Vary', 'Origin, ,accept-encoding', 'vary', ' ORIGIN ,Cookie,']
    expect(varyMembers(lines)).toEqual(['accept-encoding', 'cookie', 'origin'])
  })

  it('are none without Vary, or with an empty one', () => {
    expect(varyMembers(['Accept', 'x'])).toEqual([])
    expect(varyMembers(['Vary', ''])).toEqual([])
  })

  test.each([
    ['*'],
    ['*, *'],
    [', *'],
    ['Foo, *'],
    ['*, Foo'],
    ['', '*'],
    ['Foo', 'Bar,*'],
    ['"a, *"', ' * '],
  ])('are * for %j', (...values) =>
    expect(varyMembers(values.flatMap((value) => ['Vary', value ?? '']))).toBe('*'),
  )
})

describe('a variant by Accept-Encoding', () => {
  const of = (value?: string) =>
    variantOf(['accept-encoding'], value === undefined ? [] : ['Accept-Encoding', value])

  test.each<[a: string, b: string]>([
    ['gzip, br', 'br,gzip'],
    ['gzip;q=0.5, br;q=1.0', 'gzip, br'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, x-gzip', 'gzip'],
    ['gzip, identity', 'gzip'],
    ['gzip, identity;q=0.5', 'gzip'],
    ['gzip ;\tq=1.000 ,,', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['compress;q=0, gzip', 'gzip'],
    ['identity', ''],
    ['gzip;q=0', ''],
    ['*', 'gzip, br, *;q=0.1'],
    ['*', '*, identity'],
    ['*;q=0, gzip', 'gzip, identity;q=0'],
    ['*;q=0, identity', ''],
  ])('takes %j for %j', (a, b) => expect(of(a)).toBe(of(b)))

  test.each<[a: string | undefined, b: string | undefined]>([
    [undefined, ''],
    [undefined, '*'],
    ['', 'gzip'],
    ['gzip', 'br'],
    ['gzip', 'gzip, br'],
    ['gzip', 'gzip, identity;q=0'],
    ['', 'identity;q=0'],
    ['', '*;q=0'],
    ['*', 'gzip, br, zstd, deflate'],
    ['*', '*, gzip;q=0'],
    ['*', '*, compress;q=0'],
    ['gzip', 'gzip, dcb'],
    ['gzip', 'gzip, compress'],
    ['gzip', 'gzip;q=2'],
    ['gzip', 'gzip;q=x'],
    ['', 'gzip;q=x'],
    ['gzip', 'gzip;level=1'],
    ['gzip', 'gzip;q=1;q=0'],
    ['gzip', 'gzip, gzip;q=0'],
    ['gzip', 'g zip'],
    ['gzip;', 'gzip'],
  ])('tells %j from %j', (a, b) => expect(of(a)).not.toBe(of(b)))

  it('gives the same answer the second time', () => {
    const before = of('br, gzip;q=0.7')
    for (let other = 0; other < 1000; other++) of(`gzip;q=0.${other % 100}, x${other}`)
    expect(of('br, gzip;q=0.7')).toBe(before)
    expect(of(`br, gzip;q=0.7${','.repeat(1000)}`)).toBe(before)
  })
})

describe('a variant by any other field', () => {
  it('joins lines and leaves white space around them out', () => {
    expect(variantOf(['x'], ['X', ' a', 'x', 'b\t'])).toBe(variantOf(['x'], ['x', 'a, b']))
  })

  it('tells absent from empty', () => {
    expect(variantOf(['origin'], [])).not.toBe(variantOf(['origin'], ['Origin', '']))
  })

  it('is nothing for no names', () => {
    expect(variantOf([], ['Origin', 'x'])).toBe('')
  })

  it('is equal only for equal values of the same fields', () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('1', ':', '-', 'o', ',') }), { nil: undefined })
    const names = fc.subarray(['a', 'b', 'origin'])
    const request = fc.record({ a: value, b: value, origin: value })
    type Request = Record<string, string | undefined>
    const linesOf = (fields: Request) =>
      Object.entries(fields).flatMap(([name, text]) => (text === undefined ? [] : [name, text]))
    const selected = (list: readonly string[], fields: Request) =>
      JSON.stringify(list.map((name) => [name, fields[name] ?? null]))
    fc.assert(
      fc.property(names, names, request, request, (namesA, namesB, a, b) => {
        const isSame = variantOf(namesA, linesOf(a)) === variantOf(namesB, linesOf(b))
        expect(isSame).toBe(selected(namesA, a) === selected(namesB, b))
      }),
      { numRuns: 2000 },
    )
  })
})
