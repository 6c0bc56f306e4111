/**
 * The package as users install it: `npm run package`. It is packed, installed into an empty folder without a lock file,
 * and used there by programs in strict TypeScript, with only the dependencies that it declares.
 *
 * If the npm registry can't be reached, the parts that need it are skipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot, packageVersion } from '../../lib/package.ts'
import { declarationFiles, exportedModules, missingLinks, packedFiles, pinnedVersions } from '../package-files.ts'
import { ownData } from '../own-data.ts'
import { Checks } from './checks.ts'
import { COMMON_JS, MODULE, TSCONFIG, declarationsProgram } from './consumer.ts'

/** Of the Node versions that `engines` allows, the oldest ones and the newest one. */
const NODES = ['20.19.0', '22.12.0', '26']
const LINTERS = [['publint@0.3.25', '--strict'], ['@arethetypeswrong/cli@0.18.5', '--profile', 'esm-only']] as const
const REGISTRY = 'the npm registry cannot be reached'

interface Ended {
  readonly passed: boolean
  readonly stdout: string
  readonly output: string
}

const root = packageRoot()
const checks = new Checks()
const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'))
const consumer = join(folder, 'consumer')
const installed = join(consumer, 'node_modules/sluice')

/** Runs a command where the package is installed. */
function run (command: string, args: readonly string[], cwd = consumer): Ended {
  // npm passes its settings to processes within its scripts, including the project's folder.
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) =>
    !/^npm_|^(INIT_CWD|NODE_OPTIONS)$/i.test(name)))
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd, encoding: 'utf8', env: environment, maxBuffer: 2 ** 28, timeout: 600_000
  })
  return { passed: status === 0, stdout, output: error === undefined ? stdout + stderr : error.message }
}

/** A check that a command succeeds; prints its output otherwise. */
function succeeds (name: string, { passed, output }: Ended): boolean {
  checks.check(name, passed)
  if (!passed) console.log(output)
  return passed
}

/** A check that a list is empty. */
function none (name: string, found: readonly string[]): void {
  checks.check(name, found.length === 0)
  for (const each of found) console.log(`  ${each}`)
}

const npx = (name: string, ...args: string[]): Ended => run('npx', ['--yes', '-p', name, '-c', args.join(' ')])

/** Whether an npm package can be fetched, and its command runs. */
const canFetch = (name: string, command: string): boolean => npx(name, command).passed

/** The folders of all installed packages, at any depth. */
function packageFolders (within: string): string[] {
  if (!existsSync(within)) return []
  return readdirSync(within).filter(name => !name.startsWith('.')).flatMap(name =>
    name.startsWith('@') ? readdirSync(join(within, name)).map(scoped => join(name, scoped)) : [name])
    .flatMap(name => [join(within, name), ...packageFolders(join(within, name, 'node_modules'))])
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly scripts?: Readonly<Record<string, string>>
}

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest

function install (tarball: string): boolean {
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const installing = run('npm', [
    'install', tarball, '--no-package-lock', '--no-audit', '--no-fund', '--foreground-scripts'
  ])
  if (!succeeds('it is installed into an empty folder without a lock file', installing)) return false
  none(
    'none of its dependencies is deprecated', installing.output.split('\n').filter(line => /deprecated/i.test(line))
  )
  succeeds('npm ls: nothing is missing, and nothing extraneous', run('npm', ['ls', '--all']))
  const manifests = packageFolders(join(consumer, 'node_modules')).map(manifestOf)
  none('the installation runs no scripts, so --ignore-scripts changes nothing',
    manifests.filter(({ scripts = {} }) =>
      ['preinstall', 'install', 'postinstall'].some(name => scripts[name] !== undefined)).map(({ name }) => name))
  checks.check(
    'it has no script that runs when it is installed',
    manifestOf(installed).scripts?.['prepare'] === undefined
  )
  const versions = new Map(manifests.map(({ name, version }) => [name, version]))
  none('the pinned dependencies have their versions',
    Object.entries(pinnedVersions(root)).filter(([name, version]) => versions.get(name) !== version)
      .map(([name, version]) => `${name}: ${versions.get(name)}, expected ${version}`))
  return true
}

/** The files that came with it. */
function checkFiles (): void {
  const files = packedFiles(installed)
  none('it contains the files that its pages link to or name', missingLinks(installed, files))
  none('it contains no tests, no benchmarks, and no maps without sources', files.filter(file =>
    /^test\/|\/test\/|\.map$|^(?!dist\/).*\.ts$/.test(file)))
  const code = files.filter(file => file.endsWith('.js')).map(file =>
    [file, readFileSync(join(installed, file), 'utf8')] as const)
  none('no file refers to a missing map', code.filter(([, text]) => text.includes('//# sourceMappingURL='))
    .map(([file]) => file))
  const named = /^(?:#!|\/\/\/ <reference types="node" \/>)/ // a command can't be imported
  const unnamed = declarationFiles(installed).filter(file => !named.test(readFileSync(join(installed, file), 'utf8')))
  none('each declaration file references Node\'s types', unnamed)
}

/** The command and the examples, in a user's folder. */
async function checkCommands (): Promise<void> {
  const version = run('npx', ['--no-install', 'sluice', '--version'])
  checks.check(`npx sluice --version is ${packageVersion()}`, version.stdout.trim() === packageVersion())
  succeeds('an example runs', run(process.execPath, [
    join(installed, 'examples/custom-recipe.mjs'), join(installed, 'examples/mail.ndjson'), 'mail.ndjson'
  ]))
  succeeds('an example with a sub-path runs', run(process.execPath, [join(installed, 'examples/pack-alone.mjs')]))
  writeFileSync(join(consumer, 'my.parquet'), await ownData())
  const script = join(installed, 'examples/own-data.sh')
  succeeds('the commands of README.md make verified shards from a parquet file', run('bash', [script, 'my.parquet']))
  rmSync(join(consumer, 'node_modules/fasttext.wasm.js'), { recursive: true, force: true })
  const without = run('npx', ['--no-install', 'sluice', 'language', '--keep', 'en', '--detector', 'fasttext'])
  checks.check('without the optional dependency, the error says what to install', !without.passed &&
    without.output.includes('npm install fasttext.wasm.js'))
  succeeds('the optional dependency is installed again', run('npm', [
    'install', '--no-package-lock', '--no-audit', '--no-fund'
  ]))
}

/** TypeScript programs: their types, and their results, on this Node version and on others. */
function checkPrograms (): void {
  writeFileSync(join(consumer, 'program.mts'), MODULE)
  writeFileSync(join(consumer, 'program.cts'), COMMON_JS)
  writeFileSync(join(consumer, 'declarations.mts'), declarationsProgram(exportedModules(installed)))
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  if (!succeeds('strict programs and all imports type-check with its declarations', run(
    process.execPath, [join(root, 'node_modules/typescript/bin/tsc')]
  ))) {
    return
  }

  const programs = [['import', 'built/program.mjs'], ['require(\'sluice\')', 'built/program.cjs']] as const
  const args = [join(installed, 'examples/mail.ndjson'), join(root, 'test/fixtures/quickstart.model')]
  for (const [name, program] of programs) {
    succeeds(`${name} on Node ${process.versions.node}`, run(process.execPath, [program, ...args, 'this-node']))
  }
  for (const node of NODES) {
    const isThere = canFetch(`node@${node}`, 'node --version')
    for (const [name, program] of programs) {
      if (isThere) {
        succeeds(`${name} on Node ${node}`, npx(
        `node@${node}`, 'node', program, ...args.map(arg => JSON.stringify(arg)), `node-${node}`
        ))
      } else checks.skip(`${name} on Node ${node}`, 'it can\'t be downloaded')
    }
  }
}

try {
  // `npm run package` has built it.
  const packing = run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root)
  const tarball = join(folder, `sluice-${packageVersion()}.tgz`)
  if (succeeds('npm pack', packing)) {
    const isReachable = run(
      'npm', ['view', 'split2', 'version', '--fetch-retries', '1', '--fetch-timeout', '20000'], folder
    ).passed
    if (!isReachable) checks.skip('the installation, and programs that use it', REGISTRY)
    else if (install(tarball)) {
      checkFiles()
      await checkCommands()
      checkPrograms()
    }
    for (const [linter, ...options] of LINTERS) {
      if (isReachable && canFetch(linter, 'true')) {
        succeeds(linter, npx(linter, linter.startsWith('publint')
          ? 'publint'
          : 'attw', tarball, ...options))
      } else checks.skip(linter, REGISTRY)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = checks.end()
