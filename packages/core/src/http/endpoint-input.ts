/** What a call to the revalidate endpoint asks for. */
export interface EndpointInvalidation {
  readonly tags: readonly string[]
  /** A profile's name, or `{ expire }` in seconds. */
  readonly profile: unknown
  readonly paths: readonly EndpointPath[]
}

interface EndpointPath {
  readonly path: string
  readonly type?: 'page' | 'layout'
}

/** Input that cannot be meant: the message begins with the field's name. */
export class InputError extends Error {}

interface Fields {
  readonly tags: readonly string[]
  readonly paths: readonly string[]
  readonly type: unknown
  readonly profile: unknown
  readonly expire: unknown
}

const queryFields = ['tag', 'path', 'type', 'profile', 'expire']
const bodyFields = ['tag', 'tags', 'path', 'paths', 'type', 'profile', 'expire']
const webhookFields = ['tag', 'tags']

const decimal = /^\d+(?:\.\d+)?$/

/** `GET ?tag=…&tag=…&path=…&type=…&profile=…`; undefined if it names neither tag nor path. */
export function fromQuery(query: string): EndpointInvalidation | undefined {
  const parameters = new URLSearchParams(query)
  refuseUnknown([...parameters.keys()], queryFields)
  const expire = once(parameters, 'expire')
  return invalidation({
    tags: parameters.getAll('tag'),
    paths: parameters.getAll('path'),
    type: once(parameters, 'type'),
    profile: once(parameters, 'profile'),
    expire: expire !== undefined && decimal.test(expire) ? Number(expire) : expire,
  })
}

/** `POST { tag | tags | path | paths, type?, profile?, expire? }` */
export function fromBody(body: unknown): EndpointInvalidation {
  const fields = ownFields(body, bodyFields)
  const asked = invalidation({
    tags: strings(fields, 'tag', 'tags'),
    paths: strings(fields, 'path', 'paths'),
    type: fields.get('type'),
    profile: fields.get('profile'),
    expire: fields.get('expire'),
  })
  if (asked === undefined) throw new InputError('tag: the body names no tag and no path')
  return asked
}

/** `POST /webhook { tag | tags }`: the tags to expire at once. */
export function webhookTags(body: unknown): string[] {
  const tags = strings(ownFields(body, webhookFields), 'tag', 'tags')
  if (tags.length === 0) throw new InputError('tag: the body names no tag')
  return tags
}

function invalidation({ tags, paths, type, profile, expire }: Fields): EndpointInvalidation | undefined {
  const asked = { tags, profile: chosenProfile(profile, expire), paths: typedPaths(paths, type) }
  return tags.length === 0 && paths.length === 0 ? undefined : asked
}

/** One `type` holds for all paths. */
function typedPaths(paths: readonly string[], type: unknown): EndpointPath[] {
  if (type === undefined) return paths.map((path) => ({ path }))
  if (type !== 'page' && type !== 'layout') throw new InputError("type: must be 'page' or 'layout'")
  if (paths.length === 0) throw new InputError('type: goes with a path')
  return paths.map((path) => ({ path, type }))
}

function chosenProfile(profile: unknown, expire: unknown): unknown {
  if (profile !== undefined && expire !== undefined) {
    throw new InputError('expire: cannot go with a profile, give one of them')
  }
  if (expire === undefined) {
    if (profile === undefined) return 'max'
    if (typeof profile === 'string') return profile
    throw new InputError('profile: must be a string')
  }
  if (typeof expire !== 'number' || !Number.isFinite(expire) || expire < 0) {
    throw new InputError('expire: must be a number of seconds, 0 or more')
  }
  return { expire }
}

function once(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name)
  if (values.length > 1) throw new InputError(`${name}: is given more than once`)
  return values[0]
}

/** The object's own fields: neither its prototype's nor `__proto__` can stand for one. */
function ownFields(body: unknown, known: readonly string[]): ReadonlyMap<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InputError('body: must be a JSON object')
  }
  const fields = new Map<string, unknown>(Object.entries(body))
  refuseUnknown([...fields.keys()], known)
  return fields
}

function refuseUnknown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new InputError(`${unknown.slice(0, 64)}: is not a field here, which are ${known.join(', ')}`)
}

function strings(fields: ReadonlyMap<string, unknown>, one: string, many: string): string[] {
  const single = fields.get(one)
  if (single !== undefined && typeof single !== 'string') throw new InputError(`${one}: must be a string`)
  const list = fields.get(many)
  if (list !== undefined && !isStrings(list)) throw new InputError(`${many}: must be an array of strings`)
  return [...(single === undefined ? [] : [single]), ...(list ?? [])]
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
