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
 * Unlike `structuredClone` it keeps Buffers and refuses class instances instead of stripping their prototype.
 */
export function deepCopy<V>(value: V): Copy<V> {
  const copier = new Copier()
  return { value: copier.copy(value, 'value') as V, bytes: copier.bytes }
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
    if (typeof value === 'string') this.bytes += stringBytes(value)
    else this.bytes += 16
    if (isPrimitive(value)) return value
    if (typeof value !== 'object' || value === null) throw new UncopyableError(`a ${typeof value} at ${path}`)
    return this.#copies.get(value) ?? this.#copyObject(value, path)
  }

  #copyObject(value: object, path: string): object {
    this.bytes += 48
    if (Array.isArray(value)) return this.#copyArray(value, path)
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#copyPlain(value, prototype, path)
    if (prototype === Map.prototype) return this.#copyMap(value as Map<unknown, unknown>, path)
    if (prototype === Set.prototype) return this.#copySet(value as Set<unknown>, path)
    const copy = copyBuiltIn(value, prototype)
    if (copy === undefined) throw new UncopyableError(`${nameOf(value)} at ${path}`)
    if ('byteLength' in copy) this.bytes += copy.byteLength as number
    this.#copies.set(value, copy)
    return copy
  }

  #copyArray(value: readonly unknown[], path: string): object {
    const copy: unknown[] = new Array(value.length)
    this.#copies.set(value, copy)
    for (const index of value.keys()) {
      if (index in value) copy[index] = this.copy(value[index], `${path}[${index}]`)
    }
    return copy
  }

  #copyPlain(value: object, prototype: object | null, path: string): object {
    const copy: Record<string, unknown> = prototype === null ? Object.create(null) : {}
    this.#copies.set(value, copy)
    for (const [name, member] of Object.entries(value)) {
      this.bytes += stringBytes(name)
      const copied = this.copy(member, `${path}.${name}`)
      // Assigning would call the setter of the prototype instead of making a member.
      if (name === '__proto__')
        Object.defineProperty(copy, name, {
          value: copied,
          writable: true,
          enumerable: true,
          configurable: true,
        })
      else copy[name] = copied
    }
    return copy
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

function copyBuiltIn(value: object, prototype: object): object | undefined {
  if (prototype === Date.prototype) return new Date((value as Date).getTime())
  if (prototype === RegExp.prototype) return new RegExp(value as RegExp)
  if (value instanceof ArrayBuffer) return value.slice(0)
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  // A slice copies what the view shows; cloning would copy all of the buffer below it.
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return (value as Uint8Array).slice()
  if (value instanceof DataView || isErrorOfPlatform(value, prototype)) return structuredClone(value)
  return undefined
}

const errorPrototypes: ReadonlySet<object> = new Set(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (error) => error.prototype,
  ),
)

function isErrorOfPlatform(value: object, prototype: object): boolean {
  return value instanceof Error && errorPrototypes.has(prototype)
}

function nameOf(value: object): string {
  const name = value.constructor?.name
  return name ? `an instance of ${name}` : 'an object with a prototype of its own'
}
