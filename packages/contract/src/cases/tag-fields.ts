import assert from 'node:assert/strict'
import type { CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss } from '../harness/expect.ts'
import type { Fields } from '../harness/fields.ts'
import { pageWith, setFields } from '../harness/fields.ts'
import { origin } from '../harness/origin.ts'
import { get, life, mounts, places, route } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { RequestHeaders, Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'

/** On a route of their own, requests to change something pass no cache. */

/** A field that names tags. */
interface TagField {
  readonly id: string
  readonly title: string
  readonly fields: Fields
  readonly tags: readonly string[]
  /** What are no tags of it. */
  readonly others?: readonly string[]
}

const tagFields: readonly TagField[] = [
  {
    id: 'cache-groups',
    title: 'RFC 9875 §2: Cache-Groups, strings of a list',
    fields: { 'Cache-Groups': ['"a", "B c";x=1', '"d,e"'] },
    tags: ['a', 'B c', 'd,e'],
    others: ['A', 'b c', 'd'],
  },
  {
    id: 'cache-groups-invalid',
    title: 'RFC 9875 §2: Cache-Groups with a member that is no string, which name nothing',
    fields: { 'Cache-Groups': '"a", b' },
    tags: [],
    others: ['a', 'b'],
  },
  {
    id: 'cache-groups-many',
    title: 'RFC 9875 §2: Cache-Groups, 32 of 32 characters',
    fields: { 'Cache-Groups': many().map((tag) => `"${tag}"`) },
    tags: many().slice(0, 1).concat(many().slice(-1)),
  },
  {
    id: 'cache-tag',
    title: 'Cache-Tag, with commas between',
    fields: { 'Cache-Tag': 'a, b c,d' },
    tags: ['a', 'b c', 'd'],
  },
  {
    id: 'edge-cache-tag',
    title: 'Edge-Cache-Tag, with commas between',
    fields: { 'Edge-Cache-Tag': 'a,b' },
    tags: ['a', 'b'],
  },
  {
    id: 'surrogate-key',
    title: 'Surrogate-Key, with white space between',
    fields: { 'Surrogate-Key': 'a  b/1' },
    tags: ['a', 'b/1'],
    others: ['a  b/1'],
  },
]

const everyField = {
  'Cache-Groups': '"group"',
  'Cache-Tag': 'tag',
  'Edge-Cache-Tag': 'edge',
  'Surrogate-Key': 'key',
}
const everyName = Object.keys(everyField) as (keyof typeof everyField)[]

export const groupsAndTags: Theme = {
  name: 'fields that name tags and groups',
  cases: [
    ...tagFields.map(namesTags),
    {
      id: 'tag-fields-keep',
      title: 'RFC 9875 §2: by default the fields that name tags go out, on a hit, too',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', pageWith(everyField).handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          for (const name of everyName)
            assert.equal(fieldValue(response, name.toLowerCase()), everyField[name], name)
        }
      },
    },
    {
      id: 'tag-fields-strip',
      title: 'tagFields: strip takes them out, all but Cache-Groups, and they are tags all the same',
      places,
      async run(trial) {
        const options: CacheOptions = { life, tagFields: 'strip' }
        const site = await trial.site({ options, routes: [get('/page', pageWith(everyField).handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          for (const name of everyName) {
            const value = name === 'Cache-Groups' ? everyField[name] : undefined
            assert.equal(fieldValue(response, name.toLowerCase()), value, name)
          }
        }
        for (const [index, tag] of ['group', 'tag', 'edge', 'key'].entries()) {
          trial.cache.updateTag(tag)
          expectMiss(await site.get('/page'), `run ${index + 2}`)
        }
      },
    },
    {
      id: 'tag-fields-strip-refused',
      title: 'tagFields: strip takes them out of what is not stored, too',
      places,
      async run(trial) {
        const page = pageWith({ ...everyField, 'Cache-Control': 'no-store' })
        const options: CacheOptions = { life, tagFields: 'strip' }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        const response = await site.get('/page')
        assert.equal(fieldValue(response, 'cache-tag'), undefined)
        assert.equal(fieldValue(response, 'surrogate-key'), undefined)
      },
    },
    {
      id: 'tag-fields-ignore',
      title: 'tagFields: ignore sends them on, and they mean nothing',
      places,
      async run(trial) {
        const options: CacheOptions = { life, tagFields: 'ignore' }
        const site = await trial.site({ options, routes: [get('/page', pageWith(everyField).handle)] })
        await site.get('/page')
        trial.cache.updateTag(['group', 'tag', 'edge', 'key'])
        const hit = await site.get('/page')
        expectHit(hit, 'run 1')
        for (const name of everyName)
          assert.equal(fieldValue(hit, name.toLowerCase()), everyField[name], name)
      },
    },
    {
      id: 'tag-fields-do-not-opt-in',
      title: 'RFC 9875 §2: a field that names tags does not opt in',
      places,
      async run(trial) {
        const page = pageWith(everyField)
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        await site.get('/page')
        assert.equal((await site.get('/page')).body.toString(), 'run 2')
      },
    },
    {
      id: 'group-invalidation',
      title: 'RFC 9875 §3: Cache-Group-Invalidation of an unsafe request expires the groups that it names',
      places: mounts,
      async run(trial) {
        const { site } = await grouped(trial, { fields: { 'Cache-Group-Invalidation': '"a", "b"' } })
        await site.post('/change')
        expectMiss(await site.get('/of/a'))
        expectMiss(await site.get('/of/b'))
        expectHit(await site.get('/of/c'))
      },
    },
    {
      id: 'group-invalidation-put',
      title: 'RFC 9875 §3: so it does with any other unsafe method, and with a redirect',
      places: mounts,
      async run(trial) {
        const fields = { 'Cache-Group-Invalidation': '"a"' }
        const { site } = await grouped(trial, { fields, method: 'DELETE', status: 303 })
        await site.request({ method: 'DELETE', path: '/change' })
        expectMiss(await site.get('/of/a'))
        expectHit(await site.get('/of/b'))
      },
    },
    {
      id: 'group-invalidation-not-stale',
      title: 'RFC 9875 §3: what a group has expired is not sent stale',
      places: mounts,
      async run(trial) {
        const { site } = await grouped(trial, { fields: { 'Cache-Group-Invalidation': '"a"' } })
        trial.clock.advance(61_000)
        await site.post('/change')
        expectMiss(await site.get('/of/a'))
      },
    },
    {
      id: 'group-invalidation-safe',
      title: 'RFC 9875 §3: in the response to a safe method, Cache-Group-Invalidation means nothing',
      places: mounts,
      async run(trial) {
        const fields = { 'Cache-Group-Invalidation': '"a"' }
        for (const method of ['GET', 'OPTIONS']) {
          const { site } = await grouped(trial, { fields, method })
          await site.request({ method, path: '/change' })
          expectHit(await site.get('/of/a'))
        }
      },
    },
    {
      id: 'group-invalidation-error',
      title: 'RFC 9875 §3: a request that fails invalidates no group',
      places: mounts,
      async run(trial) {
        const { site } = await grouped(trial, {
          fields: { 'Cache-Group-Invalidation': '"a"' },
          status: 409,
        })
        await site.post('/change')
        expectHit(await site.get('/of/a'))
      },
    },
    {
      id: 'group-invalidation-invalid',
      title: 'RFC 9875 §3: a Cache-Group-Invalidation that is no list of strings means nothing',
      places: mounts,
      async run(trial) {
        const { site } = await grouped(trial, { fields: { 'Cache-Group-Invalidation': '"a", b' } })
        await site.post('/change')
        expectHit(await site.get('/of/a'))
      },
    },
    {
      id: 'group-invalidation-origin',
      title: 'RFC 9875 §2.1: groups of one origin are not those of another',
      places: mounts,
      async run(trial) {
        const { site } = await grouped(trial, { fields: { 'Cache-Group-Invalidation': '"a"' } })
        const other: RequestHeaders = { Host: 'other.test' }
        expectMiss(await site.get('/of/a', other))
        await site.post('/change')
        expectHit(await site.get('/of/a', other))
        expectMiss(await site.get('/of/a'))
      },
    },
    {
      id: 'group-invalidation-ignored',
      title: 'RFC 9875 §3: with tagFields: ignore no response invalidates a group',
      places: mounts,
      async run(trial) {
        const { site } = await grouped(trial, {
          fields: { 'Cache-Group-Invalidation': '"a"' },
          options: { life, tagFields: 'ignore' },
        })
        await site.post('/change')
        expectHit(await site.get('/of/a'))
      },
    },
    {
      id: 'group-no-cascade',
      title: 'RFC 9875 §2.2: what is invalidated by a method takes nothing along that is of its groups',
      places: mounts,
      async run(trial) {
        const page = pageWith({ 'Cache-Groups': '"shared"' })
        const routes = [
          get('/page', page.handle),
          get('/other', page.handle),
          route('PUT', '/page', () => ({ empty: true })),
        ]
        const site = await trial.site({ routes })
        expectMiss(await site.get('/page'), 'run 1')
        expectMiss(await site.get('/other'), 'run 2')
        await site.request({ method: 'PUT', path: '/page' })
        expectMiss(await site.get('/page'), 'run 3')
        expectHit(await site.get('/other'), 'run 2')
      },
    },
  ],
}

function namesTags({ id, title, fields, tags, others = [] }: TagField): Case {
  return {
    id: `tags-of-${id}`,
    title: `${title}: each is a tag of its response`,
    async run(trial) {
      const page = pageWith(fields)
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      await site.get('/page')
      for (const other of others) trial.cache.updateTag(other)
      expectHit(await site.get('/page'), 'run 1')
      for (const [index, tag] of tags.entries()) {
        trial.cache.updateTag(tag)
        expectMiss(await site.get('/page'), `run ${index + 2}`)
      }
    },
  }
}

function many(): string[] {
  return Array.from({ length: 32 }, (_, index) => `${index}`.padStart(32, 'g'))
}

interface Change {
  /** Of the response to what changes something. */
  readonly fields: Fields
  readonly method?: string
  readonly status?: number
  readonly options?: CacheOptions
}

/** A page of each of some groups, stored, and something that changes them. */
async function grouped(
  trial: Trial,
  { fields, method = 'POST', status = 200, options = { life } }: Change,
): Promise<{ readonly site: Site }> {
  const page = origin(({ request, reply }, run) => {
    reply.header('Cache-Groups', `"${request.params.group}"`)
    return `run ${run}`
  })
  const change = route(method, '/change', ({ reply }) => {
    reply.status(status)
    setFields(reply, fields)
    return 'changed'
  })
  const site = await trial.site({ options, routes: [get('/of/:group', page.handle), change] })
  for (const group of ['a', 'b', 'c']) {
    expectMiss(await site.get(`/of/${group}`))
    expectHit(await site.get(`/of/${group}`))
  }
  return { site }
}
