import { Buffer } from 'node:buffer'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { openAsClass, TransactionFlags } from 'lmdb'
import { makeLockFile } from './lock-file.ts'

/** What of lmdb is used here. */
interface Native {
  getBinary(key: Uint8Array): Buffer | undefined
  getBinaryFast(key: Uint8Array): Buffer | undefined
  getKeys(options: { start: Uint8Array; end: Uint8Array; limit: number }): Iterable<Buffer>
  putSync(key: Uint8Array, value: Uint8Array): boolean
  removeSync(key: Uint8Array): boolean
  transactionSync<T>(act: () => T, flags?: number): T
  getWriteTxnId(): number
  resetReadTxn(): void
  readerCheck(): number
  readerList(): string
  getStats(): NativeStats
  close(): Promise<void>
}

type NativeClass = new (name: null, options: object) => Native

interface TreeStats {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

interface NativeStats extends TreeStats {
  readonly pageSize: number
  readonly lastPageNumber: number
  readonly lastTxnId: number
  readonly free: TreeStats
}

/** Space in the file of an environment, in bytes. */
export interface Space {
  /** By what can be read. */
  readonly used: number
  /** Of the file. */
  readonly total: number
  /** Of the file, by nothing any more. */
  readonly free: number
}

/**
 * Committed is what the system has been told, and that outlives the process. Nobody waits for the disk: what a stop of
 * the machine may have left half written is not read again, see `Generation`.
 */
const commitFlags = TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH

/** Of processes and threads that have it open at a time. */
const maxReaders = 1024

/** The environment cannot be written any more, by nobody who has it open: it has to be closed and opened again. */
export class BrokenEnvironment extends Error {}

/** One LMDB file, with keys and values of bytes. */
export class Environment {
  readonly file: string
  readonly mapSize: number
  readonly pageSize: number
  #opened: Native | undefined
  readonly #value: Buffer

  /** `file` is made if it is not there; `mapSize` in bytes is at least what the file may grow to. */
  constructor(file: string, mapSize: number) {
    this.file = file
    this.mapSize = mapSize
    makeLockFile(file)
    this.#opened = open(file, mapSize)
    this.pageSize = this.#native.getStats().pageSize
    this.#value = Buffer.allocUnsafeSlow(this.pageSize)
  }

  /** From now on what others have committed up to now is seen; what is read until the next call is of one moment. */
  refresh(): void {
    this.#native.resetReadTxn()
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#native.getBinary(key)
  }

  /** The same without a copy: what it gives holds until the next call, and its `length` alone is right. */
  glance(key: Uint8Array): Buffer | undefined {
    return this.#native.getBinaryFast(key)
  }

  /** The first key from `start` to before `end`. */
  firstKey(start: Uint8Array, end: Uint8Array): Buffer | undefined {
    for (const key of this.#native.getKeys({ start, end, limit: 1 })) return key
    return undefined
  }

  /** Within a transaction. At most a page. */
  put(key: Uint8Array, value: Uint8Array): void {
    // A copy at an address that stays: lmdb writes a note on the buffers that it is given.
    this.#value.set(value)
    this.#native.putSync(key, this.#value.subarray(0, value.byteLength))
  }

  /** Within a transaction. */
  remove(key: Uint8Array): boolean {
    return this.#native.removeSync(key)
  }

  /**
   * Commits what `act` writes when it returns, or nothing if it throws. Waits for those who are writing.
   * @throws BrokenEnvironment
   */
  transact<T>(act: () => T): T {
    return this.#native.transactionSync(act, commitFlags)
  }

  /** Within a transaction `used` is as if it were committed now, and the others are still as they were before. */
  get space(): Space {
    const { pageSize } = this
    const { lastPageNumber, free, ...main } = this.#native.getStats()
    const total = (lastPageNumber + 1) * pageSize
    const used = pagesOf(main) * pageSize
    return { used, total, free: total - used - pagesOf(free) * pageSize }
  }

  /** Nobody reads what was there before the last commit. */
  get isUnread(): boolean {
    this.refresh()
    this.#native.readerCheck()
    const last = this.#native.getStats().lastTxnId
    return this.#readers().every((txn) => txn === '-' || Number(txn) >= last)
  }

  /** So many processes and threads have it open and have read of it; those that were killed do not count. */
  get readers(): number {
    this.#native.readerCheck()
    return this.#readers().length
  }

  /** All that is committed is on the disk when it returns. */
  flush(): void {
    const descriptor = openSync(this.file, 'r+')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  close(): void {
    void this.#opened?.close()
    this.#opened = undefined
  }

  /** The transactions that they read, `-` where they read none. */
  #readers(): string[] {
    const [, ...lines] = this.#native.readerList().trim().split('\n')
    return lines.map((line) => line.trim().split(/\s+/)[2] ?? '-')
  }

  /** To read from a closed one takes the process down. */
  get #native(): Native {
    if (this.#opened === undefined) throw new Error('The store is closed')
    return this.#opened
  }
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages
}

function open(file: string, mapSize: number): Native {
  const options = {
    path: file,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize,
    maxDbs: 1,
    maxReaders,
    overlappingSync: false,
    // Else its `close` leaves the file open.
    isRoot: true,
    // What is cached is nobody else's business.
    permissionsMode: 0o600,
  } as const
  const Native = openAsClass(options) as unknown as NativeClass
  return new (guarded(Native))(null, options)
}

/** lmdb does not look whether a transaction has begun, and takes the process down by writing to one that has not. */
function guarded(Native: NativeClass): NativeClass {
  return class extends Native {
    override transactionSync<T>(act: () => T, flags?: number): T {
      return super.transactionSync(() => {
        if (this.getWriteTxnId() === 0) throw new BrokenEnvironment('LMDB cannot begin a transaction')
        return act()
      }, flags)
    }
  }
}
