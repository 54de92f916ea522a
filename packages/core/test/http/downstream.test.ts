import { expect, test } from 'vitest'
import { downstreamLines } from '../../src/http/downstream.ts'

const life = { stale: 300, revalidate: 900, expire: 3600 }
const all = { tellsBrowsers: true, tellsCdns: true }
const nothing = { hasOwnLife: false, headers: [] }
const asked = ['Cache-Control', 'max-age=0, must-revalidate']

test('nobody is told anything by default', () => {
  const nobody = { tellsBrowsers: false, tellsCdns: false }
  expect(downstreamLines(nothing, { life, age: 0, isFresh: true }, nobody)).toEqual(asked)
  expect(downstreamLines(nothing, undefined, all)).toEqual(asked)
})

test('browsers may keep it for its stale time from now on, and never beyond its freshness', () => {
  const browsers = (age: number) =>
    downstreamLines(nothing, { life, age, isFresh: true }, { ...all, tellsCdns: false }).at(-1)
  expect(browsers(0)).toBe('max-age=300')
  expect(browsers(100)).toBe('max-age=400')
  expect(browsers(800)).toBe('max-age=900')
  expect(browsers(900)).toBe('max-age=0, must-revalidate')
})

test('CDNs are told all of its life, which they count by Age', () => {
  const lines = downstreamLines(nothing, { life, age: 5, isFresh: true }, { ...all, tellsBrowsers: false })
  expect(lines).toEqual([...asked, 'CDN-Cache-Control', 'max-age=900, stale-while-revalidate=2700'])
})

test('a stale response tells nobody to keep it', () => {
  const lines = downstreamLines(nothing, { life, age: 5, isFresh: false }, all)
  expect(lines).toEqual([...asked, 'CDN-Cache-Control', 'max-age=0'])
})

test('what has no end is told as a year', () => {
  const endless = {
    stale: Number.POSITIVE_INFINITY,
    revalidate: Number.POSITIVE_INFINITY,
    expire: Number.POSITIVE_INFINITY,
  }
  const lines = downstreamLines(nothing, { life: endless, age: 0, isFresh: true }, all)
  expect(lines).toEqual([
    'Cache-Control',
    'max-age=31536000',
    'CDN-Cache-Control',
    'max-age=31536000, stale-while-revalidate=31536000',
  ])
})

test('what the handler says itself stays', () => {
  const own = { hasOwnLife: true, headers: ['Cache-Control', 'max-age=1'] }
  const outgoing = { life, age: 0, isFresh: true }
  expect(downstreamLines(own, outgoing, { ...all, tellsCdns: false })).toEqual([])
  expect(downstreamLines(own, outgoing, all)[0]).toBe('CDN-Cache-Control')
  const targeted = { hasOwnLife: false, headers: ['cdn-cache-control', 'max-age=1'] }
  expect(downstreamLines(targeted, outgoing, all)).toEqual(['Cache-Control', 'max-age=300'])
})
