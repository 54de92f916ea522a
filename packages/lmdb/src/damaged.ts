import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { warnOnce } from '@restale/core/store'

const mark = '.damaged-'

/** Out of the way, for whoever wants to know what has happened to it; the last such file only. */
export function setAside(file: string, problem: string): void {
  const folder = dirname(file)
  for (const name of readdirSync(folder)) if (name.includes(mark)) rmSync(join(folder, name), { force: true })
  const aside = `${file}${mark}${Date.now()}`
  try {
    renameSync(file, aside)
  } catch {
    // It is gone, or cannot be moved: it is removed with the others.
  }
  removeFile(file)
  warnOfDamage(
    folder,
    `${basename(file)} was damaged (${problem}). What is left of it is ${basename(aside)}.`,
  )
}

/** With its locks. */
export function removeFile(file: string): void {
  for (const name of [file, `${file}-lock`]) rmSync(name, { force: true })
}

export function warnOfDamage(folder: string, what: string): void {
  const message = `The store in ${folder} starts empty: ${what}`
  warnOnce('RESTALE_STORE_DAMAGED', message, message)
}
