import { describe, expect, test } from 'vitest'
import { maxTagLength, tagProblem } from '../../src/state/tag.ts'

describe('a tag', () => {
  test.each([
    'a',
    ',',
    'posts,comments',
    ' ',
    'é',
    '%C3%A9',
    'page:/',
    '_N_T_/x',
    '__proto__',
    '\n',
    '😀'.repeat(128),
  ])('may be %j', (tag) => {
    expect(tagProblem(tag)).toBeUndefined()
  })

  test('has 1 to 256 UTF-16 units', () => {
    expect(tagProblem('')).toMatch(/empty/)
    expect(tagProblem('x'.repeat(maxTagLength))).toBeUndefined()
    expect(tagProblem('x'.repeat(maxTagLength + 1))).toMatch(/longer than 256.*has 257/)
    expect(tagProblem('😀'.repeat(129))).toMatch(/has 258/)
  })

  test.each([
    [null, /got null/],
    [undefined, /got undefined/],
    [1, /got number/],
    [['a'], /got object/],
    [Symbol('a'), /got symbol/],
    [Object.create(null), /got object/],
  ])('is a string: %#', (tag, problem) => {
    expect(tagProblem(tag)).toMatch(problem)
  })

  test('is quoted in part when it is too long', () => {
    expect(tagProblem('secret-'.repeat(1000))?.length).toBeLessThan(200)
  })
})
