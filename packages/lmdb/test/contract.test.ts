import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '@restale/contract'
import { describe, it } from 'vitest'
import { LmdbPort } from '../src/port.ts'

async function open() {
  const path = await mkdtemp(join(tmpdir(), 'restale-lmdb-'))
  return {
    port: () => new LmdbPort({ path, maxBytes: 64 * 1024 ** 2 }),
    close: () => rm(path, { recursive: true }),
  }
}

storeContract('LMDB', open, { describe, it, offers: ['peek'] })
