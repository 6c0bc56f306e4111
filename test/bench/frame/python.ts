import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../lib/package.ts'

/** The releases that sluice is compared with. */
const PINNED = {
  sentencepiece: '0.2.3',
  tokenizers: '0.23.2',
  datatrove: '0.10.1',
  numpy: '2.4.6',
  'fasttext-numpy2-wheel': '0.9.2',
  tiktoken: '0.14.0',
  gigatoken: '0.10.0',
  orjson: '3.13.0',
  'quicktok-v1': '0.4.0'
} as const

/** What is installed together. Of the later ones, a package that a platform lacks leaves the others in place. */
const GROUPS: ReadonlyArray<readonly Package[]> = [
  ['sentencepiece', 'tokenizers', 'datatrove', 'numpy', 'fasttext-numpy2-wheel'],
  ['tiktoken'],
  ['gigatoken'],
  ['orjson'],
  ['quicktok-v1']
]

/** Where releases and files for measuring stay between runs. */
export const CACHE = join(packageRoot(), 'node_modules', '.cache', 'bench')
const PROGRAM = join(packageRoot(), 'test', 'bench', 'rivals.py')
const PIP_SECONDS = 180

export type Package = keyof typeof PINNED

/** A Python with some of the packages, and their versions. */
export interface Python {
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
  readonly versions: Readonly<Partial<Record<string, string | null>>>
}

/** Additional threads would hide the cost of work. */
const ONE_CORE = {
  OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false'
} as const

/**
 * The first Python found, with the pinned releases if pip reaches PyPI, else with the installed packages.
 *
 * @param tell receives messages before slow steps
 * @returns undefined if there is no Python
 */
export async function findPython (tell: (message: string) => void): Promise<Python | undefined> {
  const programs = pythons().filter(python => spawnSync(python, ['--version']).status === 0)
  const targets = programs[0] === undefined ? [] : await installed(programs[0], tell)
  const found = (targets.length === 0 ? programs : programs.slice(0, 1)).map(program => withPackages(program, targets))
  return found.sort((a, b) => countOf(b) - countOf(a))[0]
}

function withPackages (program: string, targets: readonly string[]): Python {
  const paths = [...targets, process.env['PYTHONPATH']].filter(path => path !== undefined)
  const environment = { ...ONE_CORE, PYTHONPATH: paths.join(delimiter), PYTHONDONTWRITEBYTECODE: '1' }
  return { program, environment, versions: versionsIn(program, Object.keys(PINNED), environment) }
}

function countOf ({ versions }: Python): number {
  return Object.values(versions).filter(version => version !== null).length
}

/** `NAME VERSION` of a package; undefined if it is missing. */
export function release (python: Python | undefined, name: Package): string | undefined {
  const version = python?.versions[name]
  return version === undefined || version === null ? undefined : `${name} ${version}`
}

/** Possible interpreters, the preferred one first. */
export function pythons (): string[] {
  const named = process.env['SLUICE_BENCH_PYTHON']
  return named === undefined ? ['python3', '/usr/bin/python3'] : [named]
}

/** The first Python that has the packages. */
export function pythonWith (packages: readonly string[]): string | undefined {
  return pythons().find(python => packages.every(name => typeof versionsIn(python, packages)[name] === 'string'))
}

function versionsIn (python: string, packages: readonly string[], environment: object = {}): Python['versions'] {
  const env = { ...process.env, ...environment }
  const { status, stdout } = spawnSync(python, [PROGRAM, 'versions', ...packages], { encoding: 'utf8', env })
  return status === 0 ? JSON.parse(stdout) as Python['versions'] : {}
}

/** Where pip has put the pinned releases, now or in a run before; empty where it couldn't. */
async function installed (program: string, tell: (message: string) => void): Promise<string[]> {
  const { stdout } = spawnSync(program, ['-c', 'import sys; print(sys.implementation.cache_tag)'], { encoding: 'utf8' })
  const targets: string[] = []
  for (const names of GROUPS) {
    const target = await installedGroup(program, stdout.trim(), names, tell)
    if (target !== undefined) targets.push(target)
    else if (targets.length === 0) break // PyPI can't be reached: the others would only take as long to fail
  }
  return targets
}

async function installedGroup (
  program: string, tag: string, names: readonly Package[], tell: (message: string) => void
): Promise<string | undefined> {
  const target = join(CACHE, folderOf(tag, names))
  if (existsSync(target)) return target
  const pins = names.map(name => `${name}==${PINNED[name]}`)
  tell(`pip install ${pins.join(' ')}: up to a minute, once`)
  const partial = `${target}.${process.pid}`
  const options = [
    '--quiet', '--no-input', '--disable-pip-version-check', '--root-user-action', 'ignore', '--only-binary', ':all:',
    '--retries', '1', '--timeout', '15', '--target', partial
  ]
  try {
    await mkdir(partial, { recursive: true })
    await promisify(execFile)(program, ['-m', 'pip', 'install', ...options, ...pins], { timeout: PIP_SECONDS * 1000 })
    await rename(partial, target)
    return target
  } catch {
    tell(`pip could not install ${pins.join(' ')}; what is installed is used`)
    await rm(partial, { recursive: true, force: true })
    return undefined
  }
}

function folderOf (tag: string, names: readonly Package[]): string {
  const isFirst = names === GROUPS[0] // its name has versions only
  return [tag, ...names.flatMap(name => isFirst ? PINNED[name] : [name, PINNED[name]])].join('-')
}
