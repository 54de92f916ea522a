import { stringBytes } from './size.ts'

/** Thrown for a value that cannot be copied faithfully; the message says what it is and where. */
export class UncopyableError extends Error {}

export interface Copy<V> {
  readonly value: V
  /** Roughly what the copy costs in bytes. */
  readonly bytes: number
}

/**
 * A deep copy of plain data: primitives, arrays, plain objects, Date, RegExp, Map, Set, ArrayBuffer and its
 * views (a Buffer stays a Buffer), errors; also with cycles. Anything else, above all instances of classes,
 * would come out as something different, so it throws.
 *
 * Unlike `structuredClone` it keeps Buffers, copies of a view only the bytes that it shows, and refuses class
 * instances instead of stripping their prototype.
 */
export function deepCopy<V>(value: V): Copy<V> {
  const copier = new Copier()
  return { value: copier.copy(value, 'value') as V, bytes: copier.bytes }
}

/** Bytes of a value that is kept as it is. What cannot be measured is counted as one kibibyte. */
export function sharedBytes(value: unknown): number {
  try {
    return deepCopy(value).bytes
  } catch {
    return 1024
  }
}

export function isPrimitive(value: unknown): boolean {
  return (
    (typeof value !== 'object' || value === null) && typeof value !== 'function' && typeof value !== 'symbol'
  )
}

class Copier {
  bytes = 0
  readonly #copies = new Map<object, object>()

  copy(value: unknown, path: string): unknown {
    this.bytes += primitiveBytes(value)
    if (isPrimitive(value)) return value
    if (typeof value !== 'object' || value === null) throw new UncopyableError(`a ${typeof value} at ${path}`)
    return this.#copies.get(value) ?? this.#copyObject(value, path)
  }

  #copyObject(value: object, path: string): object {
    this.bytes += 48
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Array.prototype) return this.#copyArray(value as unknown[], path)
    if (prototype === Object.prototype || prototype === null) return this.#copyPlain(value, prototype, path)
    if (prototype === Map.prototype) return this.#copyMap(value as Map<unknown, unknown>, path)
    if (prototype === Set.prototype) return this.#copySet(value as Set<unknown>, path)
    if (errorPrototypes.has(prototype)) return this.#copyError(value as Error, prototype, path)
    const copy = copyBuiltIn(value, prototype)
    if (copy === undefined) throw new UncopyableError(`${nameOf(value)} at ${path}`)
    if ('byteLength' in copy) this.bytes += copy.byteLength as number
    if (copy instanceof RegExp) this.bytes += stringBytes(copy.source)
    this.#copies.set(value, copy)
    return copy
  }

  #copyArray(value: readonly unknown[], path: string): object {
    const copy: unknown[] = new Array(value.length)
    this.#copies.set(value, copy)
    let elements = 0
    for (const index of value.keys()) {
      if (index in value) {
        copy[index] = this.copy(value[index], `${path}[${index}]`)
        elements++
      } else this.bytes += 8
    }
    // What else it has, as the result of RegExp.exec does, is named after its elements.
    const names = Object.keys(value)
    if (names.length > elements) this.#copyMembers(value, copy, names.slice(elements), path)
    return copy
  }

  #copyPlain(value: object, prototype: object | null, path: string): object {
    const copy: object = prototype === null ? Object.create(null) : {}
    this.#copies.set(value, copy)
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol))
        throw new UncopyableError(`a member named by a symbol at ${path}`)
    }
    this.#copyMembers(value, copy, Object.keys(value), path)
    return copy
  }

  #copyError(value: Error, prototype: object, path: string): object {
    const copy: object = new (prototype.constructor as ErrorConstructor)()
    this.#copies.set(value, copy)
    for (const name of ['name', 'message', 'stack', 'cause'] as const) {
      if (!Object.hasOwn(value, name)) continue
      define(copy, name, this.copy(value[name], `${path}.${name}`), false)
    }
    this.#copyMembers(value, copy, Object.keys(value), path)
    return copy
  }

  #copyMembers(value: object, copy: object, names: readonly string[], path: string): void {
    for (const name of names) {
      this.bytes += stringBytes(name)
      const copied = this.copy((value as Record<string, unknown>)[name], `${path}.${name}`)
      // Assigning would call the setter of the prototype instead of making a member.
      if (name === '__proto__') define(copy, name, copied, true)
      else (copy as Record<string, unknown>)[name] = copied
    }
  }

  #copyMap(value: Map<unknown, unknown>, path: string): object {
    const copy = new Map()
    this.#copies.set(value, copy)
    for (const [key, member] of value)
      copy.set(this.copy(key, `${path} (a key)`), this.copy(member, `${path} (a value)`))
    return copy
  }

  #copySet(value: Set<unknown>, path: string): object {
    const copy = new Set()
    this.#copies.set(value, copy)
    for (const member of value) copy.add(this.copy(member, `${path} (a member)`))
    return copy
  }
}

function primitiveBytes(value: unknown): number {
  if (typeof value === 'string') return stringBytes(value)
  return typeof value === 'bigint' ? 16 + value.toString(16).length / 2 : 16
}

function define(copy: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(copy, name, { value, enumerable, writable: true, configurable: true })
}

function copyBuiltIn(value: object, prototype: object): object | undefined {
  if (prototype === Date.prototype) return new Date((value as Date).getTime())
  if (prototype === RegExp.prototype) {
    const copy = new RegExp(value as RegExp)
    copy.lastIndex = (value as RegExp).lastIndex
    return copy
  }
  if (prototype === ArrayBuffer.prototype) return (value as ArrayBuffer).slice(0)
  return ArrayBuffer.isView(value) ? copyView(value, prototype) : undefined
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype)

/** What a view shows, and none of the buffer around it: not of a large one, and not of the pool of Buffers. */
function copyView(view: ArrayBufferView, prototype: object): object | undefined {
  if (Object.getPrototypeOf(prototype) === typedArrayPrototype) return (view as Uint8Array).slice()
  const { buffer } = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()
  if (prototype === Buffer.prototype) return Buffer.from(buffer)
  if (prototype === DataView.prototype) return new DataView(buffer)
  return undefined
}

const errorPrototypes: ReadonlySet<object> = new Set(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (error) => error.prototype,
  ),
)

function nameOf(value: object): string {
  const name = value.constructor?.name
  return name ? `an instance of ${name}` : 'an object with a prototype of its own'
}
