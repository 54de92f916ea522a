import type { HeaderLines } from './headers.ts'
import { hasHeader } from './headers.ts'
import type { Keeping } from './own-lines.ts'
import { ownLines } from './own-lines.ts'
import type { ResponseHead } from './storable.ts'
import { saysLife, validatorsOf } from './store-response.ts'
import type { StoredResponse } from './stored-response.ts'
import { updatedLines } from './updated-lines.ts'

/** The tag that the handler itself has given a stored response. */
export function ownEtag({ validators }: Pick<StoredResponse, 'validators'>): string | undefined {
  return validators[0] === 'if-none-match' ? validators[1] : undefined
}

/** A stored response as the handler's 304 has updated it (RFC 9111 §3.2). `now`: epoch milliseconds. */
export function renewedResponse(
  stored: StoredResponse,
  { lines, baseline }: Pick<ResponseHead, 'lines' | 'baseline'>,
  { keeping, now }: { readonly keeping: Keeping; readonly now: number },
): StoredResponse {
  const own = ownLines(lines, baseline, keeping)
  const date = hasHeader(own.headers, 'date') ? [] : ['Date', new Date(now).toUTCString()]
  const headers = updatedLines(stored.headers, [...own.headers, ...date])
  const isTagged = ownEtag(stored) !== undefined || hasHeader(own.headers, 'etag')
  return {
    ...stored,
    headers,
    added: updatedLines(stored.added, own.added),
    validators: validatorsOf(isTagged ? headers : withoutEtag(headers), now),
    hasOwnLife: saysLife(headers) || saysLife(own.added),
  }
}

/** One that we have made says nothing of what the handler knows. */
function withoutEtag(lines: HeaderLines): string[] {
  return lines.filter((_, index) => (lines[index - (index % 2)] as string).toLowerCase() !== 'etag')
}
