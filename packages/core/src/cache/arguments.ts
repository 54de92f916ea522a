import { CacheError } from './errors.ts'

/**
 * The arguments of a call as one string, injective: equal strings if and only if the arguments are equal.
 * Tells `1` from `'1'`, `undefined` from `null` from absent, `-0` from `0`; the order of an object's keys
 * does not matter, that of a Map or Set does. Every part says its length or its end, so nothing can be
 * spelled to look like something else.
 *
 * @throws CacheError `ERR_RESTALE_INVALID_ARGUMENT` for what has no faithful encoding, naming the argument.
 */
export function encodeArguments(args: readonly unknown[], key: string): string {
  let encoded = ''
  for (const [index, argument] of args.entries()) {
    encoded += encode(argument, { key, path: `argument ${index + 1}`, parents: [] })
  }
  return encoded
}

/**
 * What an option `keyOf` gave, encoded as an argument is.
 * @throws CacheError `ERR_RESTALE_INVALID_ARGUMENT`, also for undefined: that is a forgotten `return`
 */
export function encodeKeyOf(given: unknown, key: string): string {
  const place = { key, path: 'what keyOf gave', parents: [] }
  if (given === undefined) throw unencodable('undefined', place)
  return encode(given, place)
}

/** What is deeper is hardly meant as a key, and would overflow the stack at some depth. */
const maxDepth = 100

interface Place {
  readonly key: string
  readonly path: string
  readonly parents: readonly object[]
}

function encode(value: unknown, place: Place): string {
  switch (typeof value) {
    case 'string':
      return text('s', value)
    case 'number':
      return Object.is(value, -0) ? 'n-0;' : `n${value};`
    case 'bigint':
      return `i${value};`
    case 'boolean':
      return value ? 't' : 'f'
    case 'undefined':
      return 'u'
    case 'object':
      return value === null ? 'z' : encodeObject(value, { ...place, parents: descend(value, place) })
    default:
      throw unencodable(`a ${typeof value}`, place)
  }
}

/** Built-in classes are known by their prototype: what a class adds to the one it extends must not be lost. */
function encodeObject(value: object, place: Place): string {
  if (Array.isArray(value)) return encodeArray(value, place)
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return encodePlain(value, place)
  if (prototype === Date.prototype) return `d${(value as Date).getTime()};`
  if (prototype === Map.prototype)
    return list(
      'm',
      [...(value as Map<unknown, unknown>)].flat().map((member) => encode(member, inside(place, 'a Map'))),
    )
  if (prototype === Set.prototype)
    return list(
      'e',
      [...(value as Set<unknown>)].map((member) => encode(member, inside(place, 'a Set'))),
    )
  if (prototype === RegExp.prototype) return encodeRegExp(value as RegExp)
  if (value instanceof ArrayBuffer) return text('b', Buffer.from(value).toString('latin1'))
  if (ArrayBuffer.isView(value)) return encodeView(value)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return text('j', value.constructor?.name ?? '') + encode(value.toJSON(), place)
  }
  throw unencodable(`an instance of ${value.constructor?.name ?? 'an unnamed class'} without toJSON`, place)
}

function encodeArray(array: readonly unknown[], place: Place): string {
  const elements = list(
    'a',
    Array.from(array.keys(), (index) => encodeElement(array, index, place)),
  )
  // What else it has, as the result of RegExp.exec or of a class that extends Array does, is named after its
  // elements, of which `reduce` counts all but the holes.
  const extra = Object.keys(array).slice(array.reduce<number>((count) => count + 1, 0))
  const className = array.constructor?.name ?? ''
  if (extra.length === 0 && className === 'Array') return elements
  const members = Object.fromEntries(extra.map((name) => [name, array[name as keyof typeof array]]))
  return text('x', className) + encodePlain(members, place) + elements
}

function encodeElement(array: readonly unknown[], index: number, place: Place): string {
  return index in array ? encode(array[index], inside(place, `[${index}]`)) : 'h'
}

/** `lastIndex` decides where the next match begins, so it is part of what an expression is. */
function encodeRegExp(value: RegExp): string {
  return text('r', String(value)) + (value.lastIndex === 0 ? '' : `l${value.lastIndex};`)
}

function encodePlain(value: object, place: Place): string {
  if (Object.getOwnPropertySymbols(value).length > 0) throw unencodable('an object with symbol keys', place)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return list(
    'o',
    members.map(([name, member]) => text('k', name) + encode(member, inside(place, `.${name}`))),
  )
}

function encodeView(view: ArrayBufferView): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1')
  return text('v', view.constructor.name) + text('b', bytes)
}

function text(kind: string, value: string): string {
  return `${kind}${value.length}:${value}`
}

function list(kind: string, members: readonly string[]): string {
  return `${kind}${members.length}:${members.join('')}`
}

function descend(value: object, place: Place): readonly object[] {
  if (place.parents.length >= maxDepth) throw unencodable(`data nested deeper than ${maxDepth} levels`, place)
  if (place.parents.includes(value)) throw unencodable('a cycle', place)
  return [...place.parents, value]
}

function inside(place: Place, step: string): Place {
  return { ...place, path: `${place.path}${step.startsWith('a ') ? `, in ${step}` : step}` }
}

function unencodable(what: string, { key, path }: Place): CacheError {
  return new CacheError(
    'ERR_RESTALE_INVALID_ARGUMENT',
    `cached function "${key}": ${path} holds ${what}, which cannot be part of a cache key. Pass plain data, or give keyOf.`,
  )
}
