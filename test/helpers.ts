import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable, type Stream, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Document } from '../lib/document.ts'
import { packageRoot } from '../lib/package.ts'

/** The same random examples on every run, so that a failure can be reproduced. */
fc.configureGlobal({ seed: 20_261_122 })

/** Whether this is `npm run thorough`. */
export function isThorough (): boolean {
  return process.env.SLUICE_TESTS === 'thorough'
}

/** The number of cases in a test: few in `npm test`, all in `npm run thorough`. */
export function howMany (few: number, all: number): number {
  return isThorough() ? all : few
}

/** Any code point except surrogates: fast-check's `binary` first makes a list of all of them, which takes a second. */
export const codePoint = fc.integer({ min: 0, max: 0x10_f7ff }).map(n =>
  String.fromCodePoint(n < 0xd800 ? n : n + 0x800))

/** The folder of the repository. */
export const ROOT = packageRoot()

/** The URL of a built module, such as `lib/output/lock`. */
export function builtModule (name: string): string {
  return pathToFileURL(join(ROOT, `dist/${name}.js`)).href
}

/** Replacement modules: generated modules find them here. */
const replacements: object[] = []
Object.assign(globalThis, { [Symbol.for('sluice.test.mocks')]: replacements })

/** The quoted name of a module in an import or export. */
const SPECIFIER = /(?<=^(?:import|export)\b[^'";]*\bfrom\s*|\bimport\(\s*)(["'])([^"'\n]+)\1/gm

/**
 * A module, such as `lib/output/lock`, with replacements for modules that it imports: packages by name, our modules by
 * `builtModule`. Only its direct imports are replaced.
 */
export async function mocked<Module> (t: Test, name: string, mocks: Readonly<Record<string, object>>): Promise<Module> {
  const url = builtModule(name)
  const found = new Set<string>()
  const source = readFileSync(new URL(url), 'utf8').replace(SPECIFIER, (_whole, _quote, specifier: string) => {
    const imported = specifier.startsWith('.') ? new URL(specifier, url).href : specifier
    const mock = mocks[imported]
    if (mock === undefined) return JSON.stringify(import.meta.resolve(imported))
    found.add(imported)
    const names = Object.keys(mock).filter(name => name !== 'default').join(', ')
    const place = `globalThis[Symbol.for('sluice.test.mocks')][${replacements.push(mock) - 1}]`
    const code = `export const { ${names} } = ${place}; export default ${place}.default`
    return JSON.stringify(`data:text/javascript,${code}`)
  })
  const absent = Object.keys(mocks).filter(imported => !found.has(imported))
  if (absent.length > 0) throw new Error(`${name} doesn't import ${absent.join(', ')}`)
  return await import(pathToFileURL(put(temporaryFolder(t), 'mocked.mjs', source)).href) as Module
}

/** A file of `test/fixtures`. */
export function fixture (name: string): string {
  return join(ROOT, 'test/fixtures', name)
}

export interface Answers {
  readonly models: ReadonlyArray<{
    readonly file: string,
    readonly sha256: string,
    readonly vocab_size: number,
    readonly unk_id: number,
    readonly bos_id: number
    readonly eos_id: number,
    readonly pad_id: number,
    readonly pieces: ReadonlyArray<[string, number]>,
    readonly control: readonly number[],
    readonly byte: readonly number[]
  }>
  readonly encoded: ReadonlyArray<{
    readonly model: string
    readonly text: string
    readonly ids: readonly number[]
    readonly decoded: string
  }>
  readonly decoded: ReadonlyArray<{ readonly model: string, readonly ids: readonly number[], readonly text: string }>
  readonly records: ReadonlyArray<{ readonly id: string, readonly text?: string | null }>
  readonly packed: {
    readonly seq_len: number
    readonly tokens: number
    readonly rows: ReadonlyArray<readonly number[]>
  }
  readonly white_space: readonly number[]
  readonly npy: Readonly<Record<'int32' | 'uint16' | 'uint32', {
    readonly rows: ReadonlyArray<readonly number[]>
    readonly bytes: string
  }>>
}

/** The results of SentencePiece, NumPy and Python; recorded by `test/fixtures/make.py`. */
export function answers (): Answers {
  return JSON.parse(readFileSync(fixture('answers.json'), 'utf8')) as Answers
}

/** A temporary folder for a test, deleted at its end. */
export function temporaryFolder (t: Test, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'sluice-test-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/**
 * A `temporaryFolder` in memory, if the system has such a place: for tests that would spend most of their time in
 * syncing.
 */
export function folderInMemory (t: Test): string {
  return temporaryFolder(t, existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
}

/** Writes a file into a folder, and returns its path. */
export function put (folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

/** Skips a test on a system without /proc. */
export const NEEDS_PROC = { skip: process.platform !== 'linux' && 'there is no /proc' }

/** A pattern in parts, for a message that is longer than a line. */
export function pattern (...parts: readonly RegExp[]): RegExp {
  return new RegExp(parts.map(({ source }) => source).join(''))
}

/** Records as NDJSON. */
export function ndjsonOf (records: readonly unknown[]): string {
  return records.map(record => JSON.stringify(record) + '\n').join('')
}

export function doc (id: string, text: string, meta: Record<string, unknown> = {}): Document {
  return { id, text, meta }
}

/** `count` documents with a text that is different in each. */
export function docs (count: number, text = 'some text'): Document[] {
  return Array.from({ length: count }, (_, i) => doc(`d${i}`, `${text} ${i}`))
}

/** Runs items through streams, and returns the result. */
export async function through<Out> (
  items: Iterable<unknown> | AsyncIterable<unknown>,
  ...stages: Stream[]
): Promise<Out[]> {
  const { sink, got } = collector()
  await pipeline([Readable.from(items), ...stages, sink] as unknown as NodeJS.ReadWriteStream[])
  return got as Out[]
}

/** All items of a readable. */
export async function collect<Out> (source: Readable): Promise<Out[]> {
  const { sink, got } = collector()
  await pipeline(source, sink)
  return got as Out[]
}

function collector (): { sink: Writable, got: unknown[] } {
  const got: unknown[] = []
  const sink = new Writable({ objectMode: true, write (item: unknown, _encoding, done) { got.push(item); done() } })
  return { sink, got }
}

/**
 * `t.strictSame` for large values: tap prints both values even if they are equal, which takes far longer than
 * comparing.
 */
export function strictSame (t: Test, found: unknown, wanted: unknown, message = ''): void {
  if (isDeepStrictEqual(found, wanted)) t.pass(message)
  else t.strictSame(found, wanted, message)
}

/** Names of all files below a folder, sorted. */
export function filesIn (folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
}

/** Whether a file has the provenance of a raw pull, and its time. */
export function isProvenance (name: string): boolean {
  return /(?:^|\/)(?:README\.md|provenance\.json)$/.test(name)
}

/**
 * The content of such a file without dates, and without the size of the pulled file: a checkpoint adds some bytes to a
 * compressed file.
 */
export function withoutCircumstances (content: string): string {
  return content.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z(?: to \S+)?/g, 'DATE').replace(/^\| bytes \| [\d,]+ \|$/gm, '')
    .replace(/("output": \{[^}]*"bytes": )\d+/g, '$1')
}

/**
 * All files below a folder, decompressed, without checkpoints. The lines of rejects are sorted: concurrent stages write
 * them in any order.
 */
export function contentIn (folder: string): Record<string, string> {
  return Object.fromEntries(filesIn(folder).filter(name => !name.endsWith('checkpoint.json')).map(name => {
    const bytes = readFileSync(join(folder, name))
    const content = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
    if (isProvenance(name)) return [name, withoutCircumstances(content)]
    return [name, name.includes('rejects') ? content.split('\n').sort().join('\n') : content]
  }))
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A temporary folder in which the examples of the documentation run as in a checkout: their inputs are linked, and
 * their outputs are new.
 */
export function folderLikeCheckout (t: Test): string {
  const folder = temporaryFolder(t)
  for (const name of ['package.json', 'README.md', 'CHANGELOG.md', 'dist', 'examples', 'recipes', 'test']) {
    symlinkSync(join(ROOT, name), join(folder, name))
  }
  return folder
}

/** Runs a program, in the repository unless another folder is named. @throws as `execFileSync` when it fails */
export function runProgram (command: string, args: readonly string[], cwd = ROOT): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The command line as a user runs it: built, in a separate process. */
export function sluice (
  args: readonly string[],
  { cwd = ROOT, input }: { cwd?: string, input?: string | Uint8Array } = {}
): Promise<Ended> & { child: ChildProcess } {
  const child = spawn(process.execPath, [join(ROOT, 'dist/recipes/cli/main.js'), ...args], { cwd })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output.stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { output.stderr += text })
  child.stdin.on('error', () => {}) // a failed command doesn't read its whole input
  if (input !== undefined) child.stdin.end(input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => { resolve({ code, signal, ...output }) })
  })
  return Object.assign(ended, { child })
}

/** What a function throws. */
export function thrownBy (work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('expected the function to throw')
}

/** The error that a promise is rejected with. */
export async function failure (promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('expected the promise to be rejected')
}

/** Resolves once a stream has released its resources; `pipeline` rejects before that. */
export async function closed (stream: Readable | Writable): Promise<void> {
  if (!stream.closed) await new Promise(resolve => stream.once('close', resolve))
}
