import { realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Document } from '../document.ts'
import { SluiceError, codeOf, messageOf, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { notLocal } from '../not-local.ts'
import { type Follows, type OwnWork, isThenable, strictWork, whyInOrder, workMistake } from './strict-work.ts'
import type { Work } from './stage.ts'

/** A module that exports a custom stage. It is plain data, so that it can be sent to threads. */
export interface StageModuleFile {
  /** The name as given: a path from the working directory, or a package. */
  readonly module: string
  /** Absolute path, with links resolved. */
  readonly path: string
  /** SHA-256 of the file itself, not of the modules that it imports. */
  readonly sha256: string
}

/** A custom stage whose module has been loaded and called with its options. */
export interface StageModule extends StageModuleFile {
  /** Its name in stats and rejects. */
  readonly stageName: string
  /** Why it must see all documents in order and in one thread, such as `it keeps state`; null if it need not. */
  readonly inOrder: string | null
  /**
   * Creates the stage's work for one flow, with checks that it keeps its contract.
   *
   * @throws SluiceError `ERR_OPTION` when it can't be created again
   */
  readonly work: (follows?: Follows) => Work<Document, Document, unknown>
}

/** The stages of loaded modules by the modules' URLs, to find the stage that a stack trace belongs to. */
const loaded = new Map<string, string>()

/** The name for messages of the custom stage whose module is in a stack trace; null for none. */
export function stageInStack (stack: string): string | null {
  for (const [url, stage] of loaded) if (stack.includes(url) || stack.includes(fileURLToPath(url))) return stage
  return null
}

/** What a module must export. */
const EXPECTED = 'expected `export function stage (options)`, or a default one, that returns a Stage'

/**
 * Finds a module: first a file with that path from the working directory, then a package that is installed there.
 *
 * @throws SluiceError `ERR_OPTION` when there is none, or it can't be read
 */
export async function findStageModule (module: string): Promise<StageModuleFile> {
  const file = resolve(module)
  const status = await stat(file).catch(() => null)
  if (status?.isDirectory() === true) {
    const expected = 'expected a module: a .js or .mjs file, or the name of a package'
    throw new SluiceError('ERR_OPTION', `${module}: is a folder, ${expected}`)
  }
  const elsewhere = status === null ? notLocal(module, { isPiped: false }) : null
  if (elsewhere !== null) throw new SluiceError('ERR_OPTION', elsewhere)
  const path = status === null ? pathInPackage(module) : file
  try {
    return { module, path: await realpath(path), sha256: await sha256OfFile(path) }
  } catch (cause) {
    throw new SluiceError('ERR_OPTION', `${module}: can't be read: ${reasonOf(cause)}`, { cause })
  }
}

function pathInPackage (module: string): string {
  const require = createRequire(join(process.cwd(), 'manifest.yaml'))
  try {
    if (!/^(\.{0,2}\/|node:|[a-z]+:\/\/)/.test(module)) return require.resolve(module)
  } catch (cause) {
    if (codeOf(cause) !== 'MODULE_NOT_FOUND') {
      const advice = `name the file itself, such as ./node_modules/${module}/index.js`
      throw new SluiceError('ERR_OPTION', `${module}: ${messageOf(cause)}; ${advice}`, { cause })
    }
  }
  const noPackage = /^[@\w]/.test(module) ? ', and no such package is installed there' : ''
  const advice = 'a module is named by its path from the working directory, or as a package'
  throw new SluiceError('ERR_OPTION', `${module}: no such file in ${process.cwd()}${noPackage}; ${advice}`)
}

/**
 * Imports a module and creates its stage once, to check that this works.
 *
 * @param options of the stage, as written
 * @throws SluiceError `ERR_OPTION`, with what was found and what was expected, when the module can't be imported or
 *   exports no such function, when the function throws or returns no Stage, or when the file has changed since it was
 *   found
 */
export async function loadStageModule (
  { module, path, sha256 }: StageModuleFile, options: Readonly<Record<string, unknown>>
): Promise<StageModule> {
  const make = factoryIn(module, await imported(module, path, sha256))
  const now = await sha256OfFile(path).catch(() => 'none')
  if (now !== sha256) {
    const hashes = `has SHA-256 ${now}, expected ${sha256}`
    throw new SluiceError('ERR_OPTION', `${module}: was changed while it is in use: ${hashes}; start again`)
  }
  const first = made(module, make, options)
  loaded.set(pathToFileURL(path).href, `${first.name} (${module})`)
  return {
    module,
    path,
    sha256,
    stageName: first.name,
    inOrder: whyInOrder(first),
    work: follows => strictWork(made(module, make, options), module, follows)
  }
}

async function imported (module: string, path: string, sha256: string): Promise<unknown> {
  // The process may have imported an earlier version of the module. The imported code must be the hashed code.
  delete createRequire(path).cache[path] // eslint-disable-line @typescript-eslint/no-dynamic-delete
  const url = pathToFileURL(path)
  url.searchParams.set('sha256', sha256.slice(0, 16))
  try {
    return await import(url.href) as unknown
  } catch (cause) {
    const message = messageOf(cause)
    const advice = message.startsWith('Cannot find package \'sluice\'')
      ? 'install sluice in a folder above the module'
      : `\`node ${module}\` shows where`
    throw new SluiceError('ERR_OPTION', `${module}: can't be imported: ${message}; ${advice}`, { cause })
  }
}

type Factory = (options: Record<string, unknown>) => unknown

/** The export `stage`, or else the default export; for CommonJS, `module.exports` is the default export. */
function factoryIn (module: string, namespace: unknown): Factory {
  const exports = [namespace, exportOf(namespace, 'default')]
    .flatMap(from => [exportOf(from, 'stage'), exportOf(from, 'default')])
  const factory = exports.find(value => typeof value === 'function')
  if (factory !== undefined) return factory as Factory
  const names = Object.keys(namespace as object)
  const found = `only ${names.join(', ')}, and none of them is a function stage or default`
  throw new SluiceError('ERR_OPTION', `${module}: exports ${names.length === 0 ? 'nothing' : found}; ${EXPECTED}`)
}

function exportOf (from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null ? (from as Record<string, unknown>)[name] : undefined
}

function made (module: string, make: Factory, options: Readonly<Record<string, unknown>>): OwnWork {
  let stage: unknown
  try {
    stage = make(structuredClone(options))
  } catch (cause) {
    const message = `its function stage has failed: ${messageOf(cause)}; are its options right?`
    throw new SluiceError('ERR_OPTION', `${module}: ${message}`, { cause })
  }
  if (isThenable(stage)) {
    stage.then(null, () => {}) // this error reports it
    const advice = 'what must be awaited belongs in the stage\'s `open`'
    throw new SluiceError('ERR_OPTION', `${module}: its function stage returned a promise, expected a Stage; ${advice}`)
  }
  // `instanceof` wouldn't work, because the module may import another copy of sluice.
  const work = exportOf(stage, 'work')
  const mistake = workMistake(work)
  if (mistake === null) return work as OwnWork
  const found = typeof work === 'object' && work !== null
    ? `a Stage that ${mistake}`
    : `${kindOf(stage)}, expected a Stage: new Stage({ name, take })`
  throw new SluiceError('ERR_OPTION', `${module}: its function stage returned ${found}`)
}

function kindOf (value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const keys = Object.keys(value).slice(0, 5).join(', ')
  return Array.isArray(value) ? 'a list' : keys === '' ? 'an object' : `an object with ${keys}`
}
