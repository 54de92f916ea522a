import { Buffer } from 'node:buffer'
import type { BigIntStats } from 'node:fs'
import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bootId, isSameBoot } from './boot.ts'
import { fileProblem } from './check-file.ts'
import { checked } from './checked.ts'
import { removeFile, setAside } from './damaged.ts'
import { Entries } from './entries.ts'
import { Environment } from './environment.ts'
import { Gate, makeGate } from './gate.ts'
import type { LedgerLimits } from './ledger.ts'
import { Ledger } from './ledger.ts'
import type { FolderState } from './state-file.ts'
import { readState, writeState } from './state-file.ts'
import type { StoreTime } from './store-time.ts'

export interface GenerationOptions {
  readonly time: StoreTime
  readonly limits: LedgerLimits
  /** On the disk from the beginning, in bytes, so that a full one does not stop invalidations. */
  readonly ledgerBytes: number
  /** At least what the file of entries may grow to, in bytes. */
  readonly entriesMapBytes: number
}

/** The files that were opened are no longer those of the folder. */
export class Replaced extends Error {}

const gateName = 'gate'
const ledgerName = 'ledger'
const entriesName = 'entries'
const stateName = 'state.json'
/** For looking at a file before it is opened, in milliseconds. */
const budgetMs = { [ledgerName]: 600, [entriesName]: 250 }
/** The ledger's rows that have a checksum each, by how their keys begin: all but its records. */
const checkedRows = 'smnuvf'
const zeros = Buffer.alloc(1024 * 1024)

/** Opens what is there, or makes it. Where something is wrong with it, it is made anew: empty, and a ledger of its own. */
export function openGeneration(path: string, options: GenerationOptions): Generation {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  makeGate(join(path, gateName))
  // Before it is opened: if it has been replaced by then, the files are not in place.
  const gateId = fileIds(path)[0] as string
  const gate = new Gate(join(path, gateName))
  try {
    return gate.hold(() => openFiles(path, gate, gateId, options))
  } catch (error) {
    gate.close()
    throw error
  }
}

/** The files of a folder, open. They belong together: none of them is kept without the others. */
export class Generation {
  readonly ledger: Ledger
  readonly entries: Entries
  readonly #path: string
  readonly #gate: Gate
  readonly #environments: readonly Environment[]
  readonly #files: readonly string[]

  /** `environments`: of the ledger, and of the entries. */
  constructor(
    path: string,
    gate: Gate,
    gateId: string,
    environments: readonly [Environment, Environment],
    { time, limits }: GenerationOptions,
  ) {
    this.#path = path
    this.#gate = gate
    this.#environments = environments
    this.#files = fileIds(path).with(0, gateId)
    this.ledger = new Ledger(environments[0], time, limits)
    this.entries = new Entries(environments[1])
  }

  /** The folder has not been replaced, nor any file in it. */
  get isInPlace(): boolean {
    return String(fileIds(this.#path)) === String(this.#files)
  }

  /**
   * Nobody else writes to the folder, opens or closes it meanwhile.
   * @throws Replaced, BrokenEnvironment
   */
  hold<T>(act: () => T): T {
    return this.#gate.hold(() => {
      if (!this.isInPlace) throw new Replaced(`${this.#path} has been replaced`)
      return act()
    })
  }

  /** Whoever opens the folder next makes it anew. */
  discard(): void {
    this.hold(() => removeFiles(this.#path))
  }

  close(): void {
    try {
      this.#gate.hold(() => {
        if (this.isInPlace && this.#gate.isAlone) this.#settle()
        // Nobody opens them meanwhile.
        this.#release()
      })
    } finally {
      this.#release()
      this.#gate.close()
    }
  }

  /** On the disk, for after a stop of the machine. Where that fails, nothing of it is used after one. */
  #settle(): void {
    try {
      this.ledger.shareTime()
      for (const environment of this.#environments) environment.flush()
      const state = { boot: bootId(), isClosed: true, files: origins(this.#path) }
      writeState(join(this.#path, stateName), state)
    } catch {}
  }

  #release(): void {
    for (const environment of this.#environments) environment.close()
  }
}

function openFiles(path: string, gate: Gate, gateId: string, options: GenerationOptions): Generation {
  if (fileIds(path)[0] !== gateId) throw new Replaced(`${path} is being replaced`)
  const boot = bootId()
  const state = usableState(path, gate, boot)
  if (state === undefined) removeFiles(path)
  const opened: Environment[] = []
  const open = (name: string, mapSize: number) => {
    const environment = new Environment(join(path, name), mapSize)
    opened.push(environment)
    return environment
  }
  try {
    const ledger = open(ledgerName, 2 * options.ledgerBytes)
    if (state === undefined) allocate(ledger.file, options.ledgerBytes)
    const entries = open(entriesName, options.entriesMapBytes)
    const generation = new Generation(path, gate, gateId, [ledger, entries], options)
    if (state === undefined) generation.ledger.begin()
    else generation.ledger.resume(isSameBoot(state.boot, boot))
    const isSaid = state !== undefined && !state.isClosed
    if (!isSaid) writeState(join(path, stateName), { boot, isClosed: false, files: origins(path) })
    return generation
  } catch (error) {
    for (const environment of opened) environment.close()
    throw error
  }
}

/** What the folder says of its files, if they can be opened as they are. */
function usableState(path: string, gate: Gate, boot: string): FolderState | undefined {
  const file = join(path, stateName)
  const state = readState(file)
  // Without it, whoever made the others was killed while doing so.
  if (state === undefined) return undefined
  const isComplete = [ledgerName, entriesName].every((name) => !isDamaged(join(path, name), gate))
  if (!isComplete || String(state.files) !== String(origins(path))) return undefined
  return state.isClosed || isSameBoot(state.boot, boot) ? state : undefined
}

/** If so, it is said, and the file is set aside. */
function isDamaged(file: string, gate: Gate): boolean {
  const problem = problemOf(file, gate)
  if (problem !== undefined) setAside(file, problem)
  return problem !== undefined
}

function problemOf(file: string, gate: Gate): string | undefined {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return 'it is gone'
  // Others who have it open would not be there any more. They must not wait for long.
  if (!gate.isAlone) return fileProblem(file)
  if (file.endsWith(entriesName)) return fileProblem(file, { budgetMs: budgetMs[entriesName] })
  const onEntry = (key: Buffer, value: Buffer) => {
    if (checkedRows.includes(String.fromCharCode(key[0] as number))) checked(key, value)
  }
  return fileProblem(file, { budgetMs: budgetMs[ledgerName], onEntry })
}

function removeFiles(path: string): void {
  // First, so that nothing is taken for whole that is not.
  for (const name of [stateName, ledgerName, entriesName]) removeFile(join(path, name))
}

function fileIds(path: string): string[] {
  return filesOf(path).map((stats) => String(stats?.ino))
}

/** Which files they are, also when others have got their numbers after they were deleted. */
function origins(path: string): string[] {
  return filesOf(path).map((stats) => `${stats?.ino} ${stats?.birthtimeNs}`)
}

function filesOf(path: string): (BigIntStats | undefined)[] {
  const stats = (name: string) => statSync(join(path, name), { throwIfNoEntry: false, bigint: true })
  return [gateName, ledgerName, entriesName].map(stats)
}

/** What is written to it later needs no more room on the disk. */
function allocate(file: string, bytes: number): void {
  const descriptor = openSync(file, 'r+')
  try {
    let { size } = statSync(file)
    while (size < bytes)
      size += writeSync(descriptor, zeros, 0, Math.min(zeros.byteLength, bytes - size), size)
  } finally {
    closeSync(descriptor)
  }
}
