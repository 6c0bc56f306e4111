import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { sha256, sha256OfFile } from '../../lib/hash.ts'
import { packageRoot } from '../../lib/package.ts'
import type { Usage } from './usage.ts'

/** The cost of a command. */
export interface Taken extends Usage {
  /** Seconds from the start of its process to its end. */
  readonly seconds: number
}

const USAGE = new URL('usage.js', import.meta.url).href

/**
 * Runs the built command line of sluice in a separate process.
 *
 * @param root the checkout whose command line is run
 * @throws Error with its output, if it fails
 */
export async function runCommand (args: readonly string[], cwd: string, root = packageRoot()): Promise<Taken> {
  const { bin: { sluice } } = await readResult<{ bin: { sluice: string } }>(join(root, 'package.json'))
  return await runNode([join(root, sluice), ...args, '--quiet'], cwd)
}

/** Runs a program in Node, like `runCommand`. */
export async function runNode (args: readonly string[], cwd: string): Promise<Taken> {
  const started = performance.now()
  const stdio = ['ignore', 'ignore', 'pipe', 'pipe'] as const
  // Node reads these certificates at its start, which takes 50 ms. Nothing that is measured here connects by TLS.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined }
  const child = spawn(process.execPath, ['--import', USAGE, ...args], { cwd, env, stdio: [...stdio] })
  const ended = once(child, 'close') as Promise<[number | null]>
  const [[code], errors, usage] = await Promise.all([ended, text(child.stderr!), text(child.stdio[3] as Readable)])
  const seconds = (performance.now() - started) / 1000
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${code}: ${errors}`)
  return { seconds, ...JSON.parse(usage) as Usage }
}

/** Empties a folder, or creates it. */
export async function freshFolder (folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
}

/** SHA-256 over the names and bytes of the files in a folder with an extension, in order. */
export async function hashOfFiles (folder: string, ending: string): Promise<string> {
  const names = (await readdir(folder)).filter(name => name.endsWith(ending)).sort()
  if (names.length === 0) throw new Error(`${folder}: expected files that end in ${ending}`)
  const hashes = await Promise.all(names.map(async name => `${name} ${await sha256OfFile(join(folder, name))}`))
  return sha256(hashes.join('\n'))
}

/** A JSON file, with the type that the caller states. */
export async function readResult<T> (path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}
