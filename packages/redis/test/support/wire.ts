import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * What happens to what goes through. `pass`: nothing. `cut`: connections end, new ones as well. `half-open`:
 * connections stay, and swallow everything. `requests`, `replies`: only these get through.
 */
export type WireMode = 'pass' | 'cut' | 'half-open' | 'requests' | 'replies'

/** A network to a server on this machine, that can be broken. */
export class Wire {
  readonly #server: Server
  readonly #links = new Set<Socket>()
  #targetPort: number
  #mode: WireMode = 'pass'
  #delayMs = 0
  /** A connection on which these bytes are asked goes half-open just before (`request`) or after them (`reply`). */
  swallow: { readonly bytes: string; readonly side: 'request' | 'reply' } | undefined

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer((client) => this.#link(client))
  }

  static async to(targetPort: number): Promise<Wire> {
    const wire = new Wire(targetPort)
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    onTestFinished(() => wire.#close())
    return wire
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  become(mode: WireMode): void {
    this.#mode = mode
    if (mode === 'cut') this.#drop()
  }

  /** Every piece takes so long, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** From now on new connections lead elsewhere, and the old ones end: as an address that moves with the primary. */
  redirect(targetPort: number): void {
    this.#targetPort = targetPort
    this.#drop()
  }

  #link(client: Socket): void {
    if (this.#mode === 'cut') return void client.destroy()
    const server = connect(this.#targetPort, '127.0.0.1')
    const link = { isDead: false }
    this.#carry(client, server, 'replies', link)
    this.#carry(server, client, 'requests', link)
  }

  #carry(from: Socket, to: Socket, swallowedIn: WireMode, link: { isDead: boolean }): void {
    this.#links.add(from)
    from.setNoDelay(true)
    from.on('error', () => {})
    from.on('close', () => {
      this.#links.delete(from)
      // The other side is not told of an end that is swallowed.
      if (this.#mode !== 'half-open') to.destroy()
    })
    from.on('data', (piece) => {
      const side = swallowedIn === 'replies' ? 'request' : 'reply'
      const isAsked = side === 'request' && this.swallow !== undefined && piece.includes(this.swallow.bytes)
      if (isAsked && this.swallow?.side === 'request') link.isDead = true
      const isSwallowed = link.isDead || this.#mode === 'half-open' || this.#mode === swallowedIn
      if (isAsked) link.isDead = true
      if (isSwallowed) return
      if (this.#delayMs === 0) to.write(piece)
      else setTimeout(() => to.write(piece), this.#delayMs)
    })
  }

  #drop(): void {
    for (const socket of this.#links) socket.destroy()
  }

  #close(): void {
    this.#drop()
    this.#server.close()
  }
}
