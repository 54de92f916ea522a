import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { platform } from 'node:os'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { hard, item, mebibyte, nowhere, openPort, temporaryFolder } from './support.ts'

const canMount = platform() === 'linux' && getuid?.() === 0

/** A small disk of its own, gone when the test is over. */
async function smallDisk(megabytes: number): Promise<string> {
  const path = await temporaryFolder()
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
  onTestFinished(() => {
    execFileSync('/bin/umount', [path])
  })
  return path
}

function fill(file: string): void {
  const descriptor = openSync(file, 'w')
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(64 * 1024))
  } catch {
    // It is full.
  } finally {
    closeSync(descriptor)
  }
}

test.skipIf(!canMount)('a full disk stops what is written, and neither reads nor invalidations', async () => {
  const disk = await smallDisk(80)
  const path = join(disk, 'store')
  const port = openPort(path)
  const view = port.sync(nowhere)
  expect(port.write(item(view, 'a'))).toBe(true)
  const filler = join(disk, 'filler')
  fill(filler)
  const bytes = Buffer.alloc(mebibyte)
  expect(() => port.write(item(view, 'large', { bytes }))).toThrow()
  expect(() => port.write(item(view, 'large', { bytes }))).toThrow()
  expect(String(port.read('a', nowhere).found?.bytes)).toBe('the value of a')
  for (let count = 1; count <= 2_000; count++) port.record(hard(`t:${count}`, 't:a'), nowhere)
  expect(port.read('a', nowhere).found?.marks).toMatchObject([{ expiredBefore: 2_000 }])
  expect(port.read('large', nowhere).found).toBeUndefined()
  port.close()
  const again = openPort(path)
  expect(again.sync(nowhere)).toMatchObject({ incarnation: view.incarnation, head: 2_000 })
  rmSync(filler)
  expect(again.write(item(view, 'large', { bytes }))).toBe(true)
  expect(again.read('large', nowhere).found?.bytes.byteLength).toBe(mebibyte)
})

test.skipIf(!canMount)(
  'a disk without room for the store fails what is asked, and works once there is',
  async () => {
    const disk = await smallDisk(80)
    const filler = join(disk, 'filler')
    fill(filler)
    const port = openPort(join(disk, 'store'))
    expect(() => port.sync(nowhere)).toThrow()
    expect(() => port.peek()).toThrow()
    rmSync(filler)
    expect(port.sync(nowhere).head).toBe(0)
  },
)
