// Installs the dependencies with the pinned pnpm and the frozen lockfile; does nothing when nothing changed since.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pnpm, root } from './lib.mjs'

const stamp = `${root}node_modules/.restale-setup`

const members = () =>
  ['packages', 'examples'].flatMap((folder) =>
    existsSync(root + folder) ? readdirSync(root + folder).map((name) => `${folder}/${name}`) : [],
  )

/** A hash of everything that decides what an install would do. */
const wanted = () => {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  const manifests = [...members(), 'benchmarks'].sort().map((folder) => `${folder}/package.json`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    if (existsSync(root + file))
      hash
        .update(`${file}\0`)
        .update(readFileSync(root + file))
        .update('\0')
  }
  return hash.digest('hex')
}

export const setup = async () => {
  const hash = wanted()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  console.log('Installing dependencies …')
  // CI=true: pnpm must not ask before it replaces a node_modules that something else made
  const { ok } = await pnpm(['install', '--frozen-lockfile', '--reporter=append-only'], {
    env: { ...process.env, CI: 'true' },
  })
  if (!ok) {
    throw new Error(
      'The install failed. After a change to a package.json, run `npx pnpm install` once to update pnpm-lock.yaml.',
    )
  }
  writeFileSync(stamp, hash)
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setup().catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
