/**
 * The contents and dependencies of the package, as far as they can be checked without an installation; `npm run
 * package` checks the rest.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { t } from './tap.ts'
import { ROOT, filesIn, put, runProgram, temporaryFolder } from './helpers.ts'
import { dependenciesOf, missingLinks, pinnedVersions } from './package-files.ts'

/**
 * The dependencies with a range, so that users get bug fixes. They can't change what is read or written.
 * `@types/node` must be that of the user's program, and zod's types are part of sluice's.
 */
const RANGED = ['@types/node', 'commander', 'fastest-levenshtein', 'highland', 'undici', 'zod']
const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT'])

interface Manifest {
  readonly exports: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly engines: Readonly<Record<string, string>>
  readonly repository: { readonly url: string }
  readonly homepage: string
  readonly bugs: { readonly url: string }
}

interface Lock {
  readonly packages: Readonly<Record<string, {
    readonly version: string
    readonly license?: string
    readonly dev?: boolean
    readonly hasInstallScript?: boolean
    readonly dependencies?: Readonly<Record<string, string>>
    readonly engines?: Readonly<Record<string, string>>
  }>>
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'))
const manifest = readJson('package.json') as Manifest
const { packages } = readJson('package-lock.json') as Lock
const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)

let known: readonly string[] | undefined

/** The files that `npm pack` would pack of the current build. */
function packed (): readonly string[] {
  known ??= listed()
  return known
}

function listed (): string[] {
  const printed = runProgram('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'])
  const tarballs = JSON.parse(printed) as ReadonlyArray<{ readonly files: ReadonlyArray<{ readonly path: string }> }>
  return tarballs[0]!.files.map(({ path }) => path)
}

t.test('dependencies that determine what is read and written are pinned exactly, as in the lock file', async t => {
  const pinned = pinnedVersions(ROOT)
  t.strictSame(Object.keys(dependenciesOf(ROOT)).filter(name => pinned[name] === undefined).sort(), RANGED)
  for (const [name, version] of Object.entries(pinned)) {
    t.equal(packages[`node_modules/${name}`]?.version, version, name)
  }
  const own = readJson('package.json') as Record<string, unknown>
  for (const key of ['dependencies', 'devDependencies', 'optionalDependencies', 'engines'] as const) {
    t.match((packages[''] as Record<string, unknown>)[key], own[key], `the lock file has the ${key} of package.json`)
  }
})

t.test('all dependencies have permissive licences, and none runs an install script', async t => {
  t.ok(installed.length > 30, `${installed.length} packages`)
  for (const [path, { license = 'none', hasInstallScript = false }] of installed) {
    t.strictSame(license.replace(/[()]/g, '').split(' AND ').filter(name => !PERMISSIVE.has(name)), [], path)
    t.notOk(hasInstallScript, path)
  }
})

t.test('each package that the code imports is a dependency, and each dependency is used', async t => {
  // Packages without an import: types, and packages whose files are read.
  const imported = new Set(['@types/node', 'fasttext.wasm.js', 'spdx-license-ids'])
  for (const folder of ['lib', 'sources', 'transforms', 'sinks', 'recipes']) {
    for (const file of filesIn(join(ROOT, folder)).filter(name => name.endsWith('.ts'))) {
      for (const [, name] of readFileSync(join(ROOT, folder, file), 'utf8')
        .matchAll(/(?:from |import\()'((?:@[\w-]+\/)?[\w.-]+)(?:\/[^']*)?'/g)) {
        if (!name!.startsWith('.')) imported.add(name!)
      }
    }
  }
  t.strictSame([...imported].sort(), Object.keys(dependenciesOf(ROOT)).sort())
})

t.test('the package has the pages and examples that its README links to, and no tests, benchmarks or maps', async t => {
  const files = packed()
  t.strictSame(missingLinks(ROOT, files), [])
  t.strictSame(files.filter(file => /(^|\/)(test|bench|kernels\/fasttext)\/|\.map$/.test(file)), [])
  for (const name of filesIn(join(ROOT, 'examples'))) t.ok(files.includes(`examples/${name}`), name)
  const pages = ['LICENSE', 'README.md', 'CHANGELOG.md']
  for (const name of [...pages, 'dist/lib/kernels/fasttext.wasm', manifest.bin['sluice']!]) {
    t.ok(files.includes(name), name)
  }
})

t.test('a link to a file that is not in the package is found', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'README.md', '[a](LICENSE), [b](docs/b.md#part), [c](https://example.org/c), [d](#d); ' +
    '`examples/e.mjs`, `data/examples/f.json`')
  t.strictSame(missingLinks(folder, ['LICENSE', 'README.md']), ['README.md: docs/b.md', 'README.md: examples/e.mjs'])
})

t.test('package.json has the project\'s addresses, and no script that runs on installation', async t => {
  t.match(manifest.repository.url, /^git\+https:\/\/.+\.git$/)
  const address = manifest.repository.url.slice('git+'.length, -'.git'.length)
  t.ok(manifest.homepage.startsWith(address))
  t.equal(manifest.bugs.url, `${address}/issues`)
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    t.equal(manifest.scripts[name], undefined, name)
  }
})

t.test('the README names the Node version that package.json requires, and this Node satisfies it', async t => {
  t.equal(manifest.engines['node'], '^20.19.0 || >=22.12.0')
  t.match(readFileSync(join(ROOT, 'README.md'), 'utf8'), 'Node 20.19 or newer (22.12 of Node 22)')
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  t.ok(major === 20 ? minor >= 19 : major > 22 || (major === 22 && minor >= 12))
})

/** The modules of `lib` that are useful alone. */
const PARTS = ['fasttext', 'hub', 'npy', 'sentencepiece', 'tokenizer', 'trainer']

t.test('the exports are the index, each stage, and the modules of lib that are useful alone', async t => {
  const stages = ['sources', 'transforms', 'sinks'].flatMap(folder =>
    readdirSync(join(ROOT, folder)).filter(name => name.endsWith('.ts')).map(name =>
      `./${folder}/${name.replace('.ts', '')}`))
  t.strictSame(Object.keys(manifest.exports).sort(), [
    '.', ...stages, ...PARTS.map(part => `./${part}`), './manifest.schema.json', './package.json'
  ].sort())
  const files = packed()
  for (const [name, path] of Object.entries(manifest.exports)) {
    t.ok(files.includes(path.replace('./', '')), `${name} is packed`)
    if (path.endsWith('.js')) t.ok(Object.keys(await import(name.replace('.', 'sluice')) as object).length > 0, name)
  }
})

t.test('every public function has a line in the test of types', async t => {
  const types = readFileSync(join(ROOT, 'test/public-types.ts'), 'utf8')
  const names = ['sluice', ...PARTS.map(part => `sluice/${part}`)]
  const modules = await Promise.all(names.map(async name => await import(name) as object))
  const isClass = (name: string): boolean => /^[A-Z]/.test(name)
  const functions = modules.flatMap(module => Object.entries(module))
    .filter(([name, value]) => typeof value === 'function' && !isClass(name))
  t.ok(functions.length > 50, `${functions.length} functions`)
  t.strictSame(functions.map(([name]) => name).filter(name => !new RegExp(`\\b${name}\\b`).test(types)), [])
})

t.test('modules that are not exported can\'t be imported', async t => {
  for (const path of ['recipes/cli/main', 'recipes/run', 'lib/shards/npy', 'lib/errors']) {
    await t.rejects(import(`sluice/${path}`), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }, path)
  }
  t.ok(existsSync(join(ROOT, manifest.bin['sluice']!)))
})
