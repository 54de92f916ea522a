/**
 * What V8 has serialized, looked over before it is read: an array may say any length in a few bytes, and memory for all
 * of it is taken before anybody can look. The format is that of `ValueSerializer` in V8, as `node:v8` writes it.
 */

/** More elements than this, beside one for each byte, would be more than an entry may hold. */
const maxEmptyElements = 131_072
const deepest = 1_000

/** False for what takes much more memory than it has bytes, or is none of it. */
export function isBounded(bytes: Uint8Array): boolean {
  try {
    const scanner = new Scanner(bytes)
    scanner.header()
    scanner.value(0)
    return true
  } catch {
    return false
  }
}

const codeOf = (letter: string) => letter.charCodeAt(0)
const letters = (text: string) => new Set(Array.from(text, codeOf))

const constants = letters('_0TF-')
const varints = letters('IU^')
const doubles = letters('ND')
const strings = letters('"cS')
const bigInt = codeOf('Z')
const errorKinds = letters('EFRSTU')
/** Of objects, maps, sets, sparse arrays and dense ones. */
const ends: ReadonlyMap<string, string> = new Map(
  Object.entries({ o: '{', ';': ':', "'": ',', a: '@', A: '$' }),
)
const arrayEnds: ReadonlySet<string> = new Set(['@', '$'])

class Scanner {
  readonly #bytes: Uint8Array
  #at = 0
  #elements: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#elements = maxEmptyElements + bytes.byteLength
  }

  header(): void {
    if (this.#byte() !== 0xff) throw refused()
    this.#varint()
  }

  value(depth: number): void {
    if (depth > deepest) throw refused()
    const tag = this.#tag()
    if (constants.has(tag)) return
    if (varints.has(tag)) this.#varint()
    else if (doubles.has(tag)) this.#skip(8)
    else if (strings.has(tag)) this.#skip(this.#varint())
    else if (tag === bigInt) this.#skip(this.#varint() >>> 1)
    else this.#object(String.fromCharCode(tag), depth + 1)
  }

  #object(letter: string, depth: number): void {
    const end = ends.get(letter)
    if (letter === 'a') this.#spend(this.#varint())
    if (letter === 'A') for (let left = this.#spend(this.#varint()); left > 0; left--) this.value(depth)
    if (end !== undefined) this.#until(end, depth)
    else if (letter === 'R') this.#pattern(depth)
    else if (letter === 'r') this.#error(depth)
    else if (letter === 'B') this.#buffer()
    else if (letter === '\\') this.#nodeView()
    else throw refused()
  }

  #pattern(depth: number): void {
    this.value(depth)
    this.#varint()
  }

  #buffer(): void {
    this.#skip(this.#varint())
    this.#view()
  }

  /** As Node writes it: its kind, its length, its bytes. */
  #nodeView(): void {
    this.#varint()
    this.#skip(this.#varint())
  }

  /** Names and values, up to the letter that ends them and the counts behind it. */
  #until(end: string, depth: number): void {
    while (this.#peek() !== codeOf(end)) this.value(depth)
    this.#tag()
    this.#varint()
    if (arrayEnds.has(end)) this.#varint()
  }

  #error(depth: number): void {
    for (let tag = this.#byte(); tag !== codeOf('.'); tag = this.#byte()) {
      if (!errorKinds.has(tag)) this.value(depth)
    }
  }

  /** Behind the buffer that it shows, if there is one. */
  #view(): void {
    if (this.#at >= this.#bytes.byteLength || this.#peek() !== codeOf('V')) return
    this.#tag()
    this.#byte()
    for (let left = 3; left > 0; left--) this.#varint()
  }

  #spend(elements: number): number {
    this.#elements -= elements
    if (this.#elements < 0) throw refused()
    return elements
  }

  /** The next letter, and not what stands before it so that it lies well. */
  #peek(): number {
    while (this.#bytes[this.#at] === 0) this.#at++
    return this.#bytes[this.#at] ?? refuse()
  }

  #tag(): number {
    const tag = this.#peek()
    this.#at++
    return tag
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? refuse()
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw refused()
  }

  #skip(count: number): void {
    this.#at += count
    if (this.#at > this.#bytes.byteLength) throw refused()
  }
}

function refused(): Error {
  return new Error('It is not bounded')
}

function refuse(): never {
  throw refused()
}
