import { describe, expect, it, test } from 'vitest'
import { isJsonMediaType, parseMediaType } from '../../src/http/media-type.ts'

describe('parseMediaType', () => {
  it('reads type, subtype and parameters', () => {
    expect(parseMediaType('Text/HTML;Charset="utf-\\8" ; ;x=Y;')).toEqual({
      essence: 'text/html',
      parameters: [
        ['charset', 'utf-8'],
        ['x', 'Y'],
      ],
    })
  })

  test.each([
    '',
    'json',
    '/json',
    'application/',
    'application /json',
    'a/b c',
    'a/b;x',
    'a/b;=1',
    'a/b;x=',
    'a/b;x ="1"',
    'a/b;x="1',
    'a/b;x=1 y=2',
    'a/b, c/d',
  ])('refuses %j', (value) => expect(parseMediaType(value)).toBeUndefined())
})

describe('JSON', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/vnd.contentful.management.v1+json; foo=bar',
    'application/ld+json;charset=utf8',
  ])('is %s', (value) => expect(isJsonMediaType(value)).toBe(true))

  test.each([
    '',
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/json; charset=utf-8; charset=utf-16',
    'text/plain; x=application/json',
    'application/json, text/plain',
  ])('is not %j', (value) => expect(isJsonMediaType(value)).toBe(false))
})
