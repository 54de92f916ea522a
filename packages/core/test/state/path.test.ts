import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalPath, maxPathLength, pathLabel, pathLabels, pathProblem } from '../../src/state/path.ts'

/** Does revalidatePath(path, type) reach a response of this target? */
function reaches(path: string, type: 'page' | 'layout', target: string): boolean {
  return pathLabels(target).includes(pathLabel(path, type))
}

describe('the canonical form of a path', () => {
  test.each([
    ['/', '/'],
    ['', '/'],
    ['//', '/'],
    ['/blog', '/blog'],
    ['/blog/', '/blog'],
    ['//blog///post//', '/blog/post'],
    ['/Blog/POST', '/blog/post'],
    ['/blog?page=2', '/blog'],
    ['/blog/?a=/b/c', '/blog'],
    ['/?q', '/'],
    ['?q', '/'],
    ['/blog#top', '/blog'],
    ['/blog#a?b', '/blog'],
    ['/caf%C3%A9', '/café'],
    ['/CAF%c3%89', '/café'],
    ['/caf\u00e9', '/café'],
    ['/%62log', '/blog'],
    ['/a%20b', '/a b'],
    ['/a+b', '/a+b'],
    ['/a%2Fb', '/a%2fb'],
    ['/a%2fb', '/a%2fb'],
    ['/a%3Fb', '/a?b'],
    ['/a%23b', '/a#b'],
    ['/%', '/%'],
    ['/100%', '/100%'],
    ['/100%25', '/100%'],
    ['/%E0%A4%A', '/%e0%a4%a'],
    ['/%FF/%C3%A9', '/%ff/é'],
    ['/a/../b', '/a/../b'],
    ['/.', '/.'],
  ])('of %j is %j', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical)
  })

  test('never throws, starts with one slash, ends with none, holds no empty segment', () => {
    const path = fc.array(
      fc.constantFrom('/', '%', '%2F', '%C3', '%A9', 'A', 'b', '?', '#', '%00', '😀', '\ud800'),
    )
    fc.assert(
      fc.property(path, (parts) => {
        const canonical = canonicalPath(`/${parts.join('')}`)
        expect(canonical).toMatch(/^\/(?:[^/]+(?:\/[^/]+)*)?$/)
        expect(canonical).toBe(canonical.toLowerCase())
      }),
    )
  })

  test('is the same for every spelling of a path', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
      .filter((s) => !/[/?#%]/.test(s))
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), fc.string(), (segments, query) => {
        const plain = `/${segments.join('/')}`
        const encoded = `/${segments.map(encodeURIComponent).join('//')}/?${query}`
        expect(canonicalPath(encoded)).toBe(canonicalPath(plain))
      }),
    )
  })
})

describe('what a path reaches', () => {
  test('a page is itself alone, in every spelling and with every query', () => {
    expect(reaches('/blog', 'page', '/blog')).toBe(true)
    expect(reaches('/blog/', 'page', '//BLOG?x=1')).toBe(true)
    expect(reaches('/blog', 'page', '/blog/post')).toBe(false)
    expect(reaches('/blog/post', 'page', '/blog')).toBe(false)
    expect(reaches('/', 'page', '/')).toBe(true)
    expect(reaches('/', 'page', '/blog')).toBe(false)
  })

  test('a layout is itself and everything below', () => {
    expect(reaches('/blog', 'layout', '/blog')).toBe(true)
    expect(reaches('/blog', 'layout', '/blog/a/b/c?d')).toBe(true)
    expect(reaches('/blog', 'layout', '/blogs')).toBe(false)
    expect(reaches('/blog', 'layout', '/')).toBe(false)
    expect(reaches('/blog/a', 'layout', '/blog/b')).toBe(false)
  })

  test('the root layout is everything', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(reaches('/', 'layout', `/${path}`)).toBe(true)
      }),
    )
  })

  test('an encoded slash makes no level', () => {
    expect(reaches('/a', 'layout', '/a%2Fb')).toBe(false)
    expect(reaches('/a/b', 'page', '/a%2Fb')).toBe(false)
    expect(reaches('/a%2fb', 'page', '/a%2Fb')).toBe(true)
  })

  test('a page is never taken for a layout', () => {
    expect(pathLabel('/a', 'page')).not.toBe(pathLabel('/a', 'layout'))
  })

  test('every ancestor reaches down to a depth of 32, and exactly those', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b'), { maxLength: 32 }), (segments) => {
        const target = `/${segments.join('/')}`
        const ancestors = segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`)
        const layouts = [...new Set(['/', ...ancestors])].map((path) => `layout:${path}`)
        expect(pathLabels(target).toSorted()).toEqual([`page:${target}`, ...layouts].toSorted())
      }),
    )
  })

  test('deeper, the first 32 ancestors and the path itself reach it', () => {
    const segments = Array.from({ length: 200 }, (_, index) => `s${index}`)
    const target = `/${segments.join('/')}`
    const labels = pathLabels(target)
    expect(labels.length).toBe(1 + 32 + 1)
    expect(new Set(labels).size).toBe(labels.length)
    expect(reaches(target, 'page', target)).toBe(true)
    expect(reaches(target, 'layout', target)).toBe(true)
    expect(reaches('/', 'layout', target)).toBe(true)
    expect(reaches(`/${segments.slice(0, 31).join('/')}`, 'layout', target)).toBe(true)
    expect(reaches(`/${segments.slice(0, 32).join('/')}`, 'layout', target)).toBe(false)
  })
})

describe('a path that cannot be invalidated', () => {
  test.each([
    [null, /string.*null/],
    [undefined, /string.*undefined/],
    [5, /string.*number/],
    ['', /start with "\/"/],
    ['blog', /start with "\/", got "blog"/],
    ['https://example.com/blog', /start with "\/"/],
    [`/${'x'.repeat(maxPathLength)}`, /longer than 1024.*1025/],
  ])('is told what is wrong: %#', (path, problem) => {
    expect(pathProblem(path)).toMatch(problem)
  })

  test('1024 characters are fine', () => {
    expect(pathProblem(`/${'x'.repeat(maxPathLength - 1)}`)).toBeUndefined()
  })
})
