import { Buffer } from 'node:buffer'

/** One line of a head. */
export type HeaderLine = readonly [name: string, value: string]

/** A response as it came over the wire: header lines in order and spelling, values read as latin-1. */
export interface RawResponse {
  readonly status: number
  readonly lines: readonly HeaderLine[]
  readonly body: Buffer
  /** As long as its head promised. */
  readonly isComplete: boolean
}

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')

type Framing = { readonly kind: 'length'; readonly length: number } | { readonly kind: 'chunked' | 'close' }

/** Reads one response out of the bytes of a connection (RFC 9112). */
export class ResponseReader {
  readonly #isHead: boolean
  #unread: Buffer = Buffer.alloc(0)
  #head: Pick<RawResponse, 'status' | 'lines'> | undefined
  readonly #informational: Pick<RawResponse, 'status' | 'lines'>[] = []
  #framing: Framing = { kind: 'close' }
  #chunks: Buffer[] = []
  #length = 0
  /** What is still to come of a chunk, once its size is known. */
  #chunkLeft: number | undefined
  #isLastChunk = false
  isComplete = false

  constructor(method: string) {
    this.#isHead = method === 'HEAD'
  }

  get head(): Pick<RawResponse, 'status' | 'lines'> | undefined {
    return this.#head
  }

  /** The heads that came before that of the response, 103 and the like. */
  get informational(): readonly Pick<RawResponse, 'status' | 'lines'>[] {
    return this.#informational
  }

  get bodyLength(): number {
    return this.#length
  }

  get response(): RawResponse | undefined {
    if (this.#head === undefined) return undefined
    return { ...this.#head, body: Buffer.concat(this.#chunks), isComplete: this.isComplete }
  }

  read(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    while (this.#head === undefined && this.#readHead()) {}
    if (this.#head !== undefined && !this.isComplete) this.#readBody()
  }

  /** The peer has closed its side. */
  end(): void {
    if (this.#head !== undefined && this.#framing.kind === 'close') this.isComplete = true
  }

  /** Tells whether there was a whole head. Behind a 101 comes what the two have agreed upon, to the end. */
  #readHead(): boolean {
    const end = this.#unread.indexOf(headEnd)
    if (end < 0) return false
    const [statusLine = '', ...lines] = this.#unread.toString('latin1', 0, end).split('\r\n')
    this.#unread = this.#unread.subarray(end + headEnd.length)
    const head = { status: Number(statusLine.split(' ')[1]), lines: lines.map(headerLine) }
    if (head.status < 200 && head.status !== 101) {
      this.#informational.push(head)
      return true
    }
    this.#head = head
    this.#framing = this.#framingOf(head)
    return true
  }

  #framingOf({ status, lines }: Pick<RawResponse, 'status' | 'lines'>): Framing {
    if (status === 101) return { kind: 'close' }
    if (this.#isHead || status === 204 || status === 304) return { kind: 'length', length: 0 }
    const value = (name: string) => lines.find(([other]) => other.toLowerCase() === name)?.[1]
    if (value('transfer-encoding') === 'chunked') return { kind: 'chunked' }
    const length = value('content-length')
    return length === undefined ? { kind: 'close' } : { kind: 'length', length: Number(length) }
  }

  #readBody(): void {
    if (this.#framing.kind === 'chunked') {
      while (!this.isComplete && this.#readChunk()) {}
      return
    }
    const length = this.#framing.kind === 'length' ? this.#framing.length : Number.POSITIVE_INFINITY
    this.#take(Math.min(length - this.#length, this.#unread.length))
    this.isComplete = this.#length === length
  }

  /** Takes what has come of a chunk, for one may be long. Tells whether to go on. */
  #readChunk(): boolean {
    if (this.#chunkLeft === undefined) return this.#readChunkSize()
    const length = Math.min(this.#chunkLeft, this.#unread.length)
    this.#take(length)
    this.#chunkLeft -= length
    if (this.#chunkLeft > 0 || this.#unread.length < lineEnd.length) return false
    this.#unread = this.#unread.subarray(lineEnd.length)
    this.#chunkLeft = undefined
    this.isComplete = this.#isLastChunk
    return true
  }

  #readChunkSize(): boolean {
    const end = this.#unread.indexOf(lineEnd)
    if (end < 0) return false
    this.#chunkLeft = Number.parseInt(this.#unread.toString('latin1', 0, end), 16)
    this.#isLastChunk = this.#chunkLeft === 0
    this.#unread = this.#unread.subarray(end + lineEnd.length)
    return true
  }

  #take(length: number): void {
    if (length > 0) this.#chunks.push(this.#unread.subarray(0, length))
    this.#length += length
    this.#unread = this.#unread.subarray(length)
  }
}

function headerLine(line: string): HeaderLine {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** The value of each line of the field, in order. */
export function fieldValues({ lines }: Pick<RawResponse, 'lines'>, lowerName: string): string[] {
  return lines.filter(([name]) => name.toLowerCase() === lowerName).map(([, value]) => value)
}

/** The field's lines joined to one value (RFC 9110 §5.3), or undefined if there is none. */
export function fieldValue(response: Pick<RawResponse, 'lines'>, lowerName: string): string | undefined {
  const values = fieldValues(response, lowerName)
  return values.length === 0 ? undefined : values.join(', ')
}
