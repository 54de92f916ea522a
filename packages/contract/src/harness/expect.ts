import assert from 'node:assert/strict'
import type { RawResponse } from './response-reader.ts'
import { fieldValue } from './response-reader.ts'

/** The response came out of the cache, fresh. */
export function expectHit(response: RawResponse, body?: string): void {
  expectStatus(response, /^restale; hit; ttl=\d+$/)
  assert.notEqual(fieldValue(response, 'age'), undefined, 'a hit tells its age')
  if (body !== undefined) expectBody(response, body)
}

/** The response came out of the cache, stale. */
export function expectStale(response: RawResponse, body?: string): void {
  expectStatus(response, /^restale; hit; ttl=-\d+$/)
  if (body !== undefined) expectBody(response, body)
}

/** The handler was asked, and what it gave is stored or on its way. */
export function expectMiss(response: RawResponse, body?: string): void {
  expectStatus(response, /^restale; fwd=(uri-miss|vary-miss|stale)(; stored)?$/)
  assert.equal(fieldValue(response, 'age'), undefined, 'what the handler has just made has no age')
  if (body !== undefined) expectBody(response, body)
}

/** Another request's handler run answered this one too. */
export function expectCollapsed(response: RawResponse, body?: string): void {
  expectStatus(response, /^restale; fwd=(uri-miss|stale); collapsed$/)
  if (body !== undefined) expectBody(response, body)
}

/** The handler was asked, and what it gave is not stored for this reason. */
export function expectRefused(response: RawResponse, reason: string, body?: string): void {
  expectStatus(response, new RegExp(`^restale; fwd=(uri-miss|vary-miss|stale); detail=${reason}$`))
  if (body !== undefined) expectBody(response, body)
}

/** The handler was asked whether what is stored is still current, and has said so. */
export function expectRenewed(response: RawResponse, body?: string): void {
  expectStatus(response, /^restale; fwd=(stale|request); fwd-status=304; stored$/)
  if (body !== undefined) expectBody(response, body)
}

/** The handler was asked because the client wanted it to be. */
export function expectAsked(response: RawResponse, body?: string): void {
  expectStatus(response, /^restale; fwd=request; stored$/)
  if (body !== undefined) expectBody(response, body)
}

/** What is stored went out in the place of an error. */
export function expectStandIn(response: RawResponse, body?: string): void {
  expectStatus(
    response,
    /^restale; (hit; ttl=-\d+|fwd=(stale|request)(; fwd-status=\d+)?); detail=stale-if-error$/,
  )
  assert.equal(response.status, 200)
  if (body !== undefined) expectBody(response, body)
}

/** The request went past the cache for this reason. */
export function expectBypass(response: RawResponse, reason: string, body?: string): void {
  expectStatus(response, new RegExp(`^restale; fwd=bypass; detail=${reason}$`))
  if (body !== undefined) expectBody(response, body)
}

export function expectBody(response: RawResponse, body: string): void {
  assert.equal(response.isComplete, true, 'the response is complete')
  assert.equal(response.body.toString(), body)
}

function expectStatus(response: RawResponse, pattern: RegExp): void {
  assert.match(fieldValue(response, 'cache-status') ?? 'no Cache-Status', pattern)
}
