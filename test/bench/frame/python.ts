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
  'fasttext-numpy2-wheel': '0.9.2'
} as const

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
  const target = programs[0] === undefined ? undefined : await installed(programs[0], tell)
  const found = (target === undefined ? programs : programs.slice(0, 1)).map(program => withPackages(program, target))
  return found.sort((a, b) => countOf(b) - countOf(a))[0]
}

function withPackages (program: string, target: string | undefined): Python {
  const paths = [target, process.env['PYTHONPATH']].filter(path => path !== undefined)
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

/** The folder into which pip has installed the pinned releases, now or in an earlier run; undefined if it can't. */
async function installed (program: string, tell: (message: string) => void): Promise<string | undefined> {
  const pins = Object.entries(PINNED).map(([name, version]) => `${name}==${version}`)
  const { stdout } = spawnSync(program, ['-c', 'import sys; print(sys.implementation.cache_tag)'], { encoding: 'utf8' })
  const name = [stdout.trim(), ...Object.values(PINNED)].join('-')
  const target = join(packageRoot(), 'node_modules', '.cache', 'bench', name)
  if (existsSync(target)) return target
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
    tell('pip could not install them; using the installed packages')
    await rm(partial, { recursive: true, force: true })
    return undefined
  }
}
