import { Buffer } from 'node:buffer'
import type { ConnectionOptions, TlsOptions } from 'node:tls'

// Both sides share a key instead of showing certificates, which expire.
const psk = Buffer.from('a key of the contract')
const suites = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const

export const serverTls: TlsOptions = { ...suites, pskCallback: () => psk }

export const clientTls: ConnectionOptions = {
  ...suites,
  pskCallback: () => ({ psk, identity: 'contract' }),
  checkServerIdentity: () => undefined,
}
