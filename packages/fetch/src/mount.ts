import type { Cache } from '@restale/core'
import type { ResponseCacheOptions } from '@restale/core/http'
import { Mount } from '@restale/core/http'
import type { Journey } from './journey.ts'

/** A mount whose options' functions get the request in its framework's own form. */
export function mountFor<Subject>(
  cache: Cache,
  options: ResponseCacheOptions<Subject, string>,
): Mount<Journey> {
  const { tags, skip, ...rest } = options
  return new Mount<Journey>(cache, {
    ...rest,
    ...('tags' in options ? { tags: typeof tags === 'function' ? onSubject(tags) : tags } : {}),
    ...('skip' in options ? { skip: typeof skip === 'function' ? onSubject(skip) : skip } : {}),
  })
}

function onSubject<Subject, Result>(ask: (subject: Subject) => Result): (journey: Journey) => Result {
  return ({ subject }) => ask(subject as Subject)
}
