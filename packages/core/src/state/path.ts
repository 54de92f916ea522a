/** Longest path that `revalidatePath` takes, in UTF-16 units, as in Next.js. */
export const maxPathLength = 1024
/** Deeper paths are reached by `layout` through their first ancestors only. */
const maxAncestors = 32

export type PathType = 'page' | 'layout'

/** Says what is wrong with a path, or nothing if it is right. */
export function pathProblem(path: unknown): string | undefined {
  if (typeof path !== 'string') return `a path must be a string, got ${path === null ? 'null' : typeof path}`
  if (!path.startsWith('/')) return `a path must start with "/", got "${path.slice(0, 64)}"`
  if (path.length > maxPathLength) {
    return `a path must not be longer than ${maxPathLength} characters, this one has ${path.length}`
  }
  return undefined
}

/** Decoded, lower-case, single slashes, no trailing one, no query: what two spellings of one path share. */
export function canonicalPath(path: string): string {
  const end = path.search(/[?#]/)
  const segments = (end < 0 ? path : path.slice(0, end)).split('/').filter((segment) => segment !== '')
  return `/${segments.map(canonicalSegment).join('/')}`
}

/** The label that `revalidatePath(path, type)` marks. Labels live in a namespace that tags cannot reach. */
export function pathLabel(path: string, type: PathType): string {
  return `${type}:${canonicalPath(path)}`
}

/** The labels of a response: its path as a page, and itself and its ancestors as layouts. */
export function pathLabels(path: string): string[] {
  const canonical = canonicalPath(path)
  const labels = [`page:${canonical}`, 'layout:/']
  if (canonical === '/') return labels
  let end = 0
  while (end >= 0 && labels.length < maxAncestors + 1) {
    end = canonical.indexOf('/', end + 1)
    labels.push(`layout:${end < 0 ? canonical : canonical.slice(0, end)}`)
  }
  // However deep it lies, a path is always below itself.
  if (end >= 0) labels.push(`layout:${canonical}`)
  return labels
}

/** A decoded slash stays encoded: `/a%2Fb` is not below `/a`. */
function canonicalSegment(segment: string): string {
  return decode(segment).toLowerCase().replaceAll('/', '%2f')
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
