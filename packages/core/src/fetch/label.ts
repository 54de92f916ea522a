import type { FillScope } from '../cache/scope.ts'
import type { HeaderLines } from '../http/headers.ts'
import { namedTags } from '../http/tag-fields.ts'
import { tagProblem } from '../state/tag.ts'

/** Tags that the code itself has not named: they count like those of nested values. */
export function joinTags(scope: FillScope, tags: Iterable<string>): void {
  scope.consume({ tags, lifeHandedOn: {}, bornAt: 0, verifiedAt: Number.POSITIVE_INFINITY }, scope.owner, 0)
}

/** Tags that a reply names; the wrong ones are refused like any. */
export function joinUpstreamTags(scope: FillScope, lines: HeaderLines): void {
  const tags = namedTags(lines)
  scope.tag(tags.filter((tag) => tagProblem(tag) !== undefined))
  joinTags(
    scope,
    tags.filter((tag) => tagProblem(tag) === undefined),
  )
}
