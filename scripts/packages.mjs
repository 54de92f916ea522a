// Packs every package and looks at the tarballs as a user would: publint, attw, a plain `npm install` into an empty
// folder, and an import of every entry. Expects a build.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { packages, pnpm, root, run, tool } from './lib.mjs'

const work = mkdtempSync(join(tmpdir(), 'restale-packages-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
let failed = false

const fail = (what, output) => {
  failed = true
  console.error(`\n✗ ${what}\n${output.trimEnd()}`)
}

const need = (what, { ok, output }) => {
  if (ok) console.log(`✓ ${what}`)
  else fail(what, output)
  return ok
}

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules', folder.length))
    .map((entry) => join(entry.parentPath, entry.name))

/** What must hold of an installed package that neither publint nor attw look at. */
const complaints = (folder) => {
  const found = []
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  for (const word of ['@restale/source', 'workspace:', 'catalog:']) {
    if (text.includes(word)) found.push(`package.json: "${word}" must not be published`)
  }
  for (const name of ['LICENSE', 'dist', 'src']) {
    if (!existsSync(join(folder, name))) found.push(`${name} is missing`)
  }
  for (const file of filesUnder(folder)) {
    const name = file.slice(folder.length + 1)
    if (/\.(test|test-d)\.|tsbuildinfo$|^tsconfig/.test(name)) found.push(`${name} must not be published`)
    if (!name.endsWith('.map')) continue
    for (const source of JSON.parse(readFileSync(file, 'utf8')).sources) {
      if (!existsSync(resolve(dirname(file), source)))
        found.push(`${name} points to ${source}, which is not there`)
    }
  }
  return found
}

const npmInstall = ['install', '--no-audit', '--no-fund', '--prefer-offline']

/** `name@range` of the peers that an installed package can do without. */
const optionalPeers = (folder) => {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  return Object.entries(peerDependenciesMeta)
    .filter(([, { optional }]) => optional)
    .map(([name]) => `${name}@${peerDependencies[name]}`)
}

const pack = await pnpm(['-r', '--filter', './packages/*', 'pack', '--pack-destination', work], {
  quiet: true,
})
if (need('pack', pack)) {
  const tarballs = readdirSync(work).filter((name) => name.endsWith('.tgz'))
  if (tarballs.length !== packages.length) {
    fail('pack', `${packages.length} packages, but packed ${tarballs.join(', ')}`)
  }

  for (const tarball of tarballs) {
    const path = join(work, tarball)
    const [lint, types] = await Promise.all([
      tool('publint', ['run', path, '--strict'], { quiet: true }),
      tool('attw', [path, '--profile', 'esm-only'], { quiet: true }),
    ])
    need(`publint ${tarball}`, lint)
    need(`attw ${tarball}`, types)
  }

  // what a user's folder holds: nothing, then a package.json with our tarballs and the framework they bring
  const folder = join(work, 'app')
  mkdirSync(folder)
  const manifests = packages.map((name) =>
    JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')),
  )
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const install = await run('npm', [...npmInstall, ...tarballs.map((name) => `../${name}`)], {
    cwd: folder,
    quiet: true,
  })
  if (need('npm install into an empty folder', install)) {
    for (const { name } of manifests) {
      const found = complaints(join(folder, 'node_modules', name))
      need(`contents of ${name}`, { ok: found.length === 0, output: found.join('\n') })
    }
    // Every entry is imported below, so also what only some entries need.
    const optional = manifests.flatMap(({ name }) => optionalPeers(join(folder, 'node_modules', name)))
    if (optional.length > 0) {
      const peers = await run('npm', [...npmInstall, ...optional], { cwd: folder, quiet: true })
      need(`npm install ${optional.join(' ')}`, peers)
    }
    const entries = manifests.flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((entry) => entry !== './package.json')
        .map((entry) => name + entry.slice(1)),
    )
    writeFileSync(
      join(folder, 'check.mjs'),
      `for (const entry of ${JSON.stringify(entries)}) {
  await import(entry).then(
    (exports) => console.log(\`  \${entry}: \${Object.keys(exports).join(', ') || 'types only'}\`),
    (error) => { console.error(\`  \${entry}: \${error.stack}\`); process.exitCode = 1 },
  )
}
`,
    )
    const imported = await run(process.execPath, ['check.mjs'], { cwd: folder, quiet: true })
    need('import every entry', imported)
    if (imported.ok) process.stdout.write(imported.output)
  }
}
process.exitCode = failed ? 1 : 0
