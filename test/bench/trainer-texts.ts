import { createWriteStream, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Document } from '../../lib/document.ts'
import { packageRoot } from '../../lib/package.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { SHARED } from './corpus.ts'

/** `spm_train` drops longer lines by default. */
export const MAX_LINE_BYTES = 4192

const SPACE = 0x20

/** Lines for training, in a file. */
export interface LinesFile {
  readonly path: string
  readonly lines: number
  /** Bytes, including line feeds. */
  readonly bytes: number
}

/** Whether the shared text is here. */
export function hasShared (names: readonly string[]): boolean {
  return names.every(name => existsSync(sharedFile(name)))
}

/**
 * Every second document of shared files: from the first on for one file of lines, and from the second on for another.
 */
export async function writeHalves (folder: string, names: readonly string[]): Promise<readonly [LinesFile, LinesFile]> {
  const half = async (odd: number): Promise<LinesFile> =>
    await writeLines(join(folder, `trainer-${names.join('-')}-${odd}.txt`), sharedTexts(names, i => i % 2 === odd))
  return [await half(0), await half(1)]
}

/** All documents of shared files. */
export async function writeShared (folder: string, names: readonly string[]): Promise<LinesFile> {
  return await writeLines(join(folder, 'trainer-all.txt'), sharedTexts(names, () => true))
}

/** A file of many kinds of lines, and its contents. */
export interface MixedFile extends LinesFile {
  readonly parts: ReadonlyArray<{ readonly name: string, readonly files: number, readonly bytes: number }>
}

/**
 * All documents of shared files, then source code and its documentation, kind by kind, in the order of paths, until
 * there are `bytes`.
 */
export async function writeMixed (folder: string, names: readonly string[], bytes: number): Promise<MixedFile> {
  const modules = join(packageRoot(), 'node_modules')
  const kinds = [
    { name: 'Markdown of node_modules', folders: [modules], isKind: (path: string) => path.endsWith('.md') },
    { name: 'Python', folders: pythonFolders(), isKind: (path: string) => path.endsWith('.py') },
    { name: 'type declarations of node_modules', folders: [modules], isKind: (path: string) => path.endsWith('.d.ts') },
    { name: 'JavaScript of node_modules', folders: [modules], isKind: (path: string) => path.endsWith('.js') }
  ]
  let written = 0
  const parts: Array<{ name: string, files: number, bytes: number }> = []
  async function * texts (): AsyncGenerator<string> {
    for (const name of names) {
      const part = { name, files: 1, bytes: 0 }
      parts.push(part)
      for await (const text of sharedTexts([name], () => true)) yield counted(text, part)
    }
    for (const { name, folders, isKind } of kinds) {
      const part = { name, files: 0, bytes: 0 }
      parts.push(part)
      for (const path of folders.flatMap(folder => filesIn(folder, isKind))) {
        if (written >= bytes) break
        part.files++
        yield counted(readFileSync(path, 'utf8'), part)
      }
    }
  }
  /** The part of a text that is still needed. */
  function counted (text: string, part: { bytes: number }): string {
    const taken: string[] = []
    for (const line of linesOf(text)) {
      if (written >= bytes) break
      taken.push(line)
      written += Buffer.byteLength(line) + 1
      part.bytes += Buffer.byteLength(line) + 1
    }
    return taken.join('\n')
  }
  const file = await writeLines(join(folder, 'trainer-mixed.txt'), texts())
  return { ...file, parts: parts.filter(({ bytes }) => bytes > 0) }
}

/** The trimmed non-empty lines of a text. A line that `spm_train` would drop is split, at a space if there is one. */
export function linesOf (text: string): string[] {
  return text.toWellFormed().split('\n').map(line => line.trim()).filter(line => line !== '')
    .flatMap(line => line.length * 3 <= MAX_LINE_BYTES ? line : cutLine(Buffer.from(line)))
}

function cutLine (line: Buffer): string[] {
  const parts: string[] = []
  let from = 0
  while (line.length - from > MAX_LINE_BYTES) {
    const most = from + MAX_LINE_BYTES
    const space = line.lastIndexOf(SPACE, most)
    let to = space > from ? space : most
    while ((line[to]! & 0xc0) === 0x80) to-- // no character is split
    parts.push(line.toString('utf8', from, to))
    from = to
  }
  parts.push(line.toString('utf8', from))
  return parts.map(part => part.trim()).filter(part => part !== '')
}

async function writeLines (path: string, texts: AsyncIterable<string>): Promise<LinesFile> {
  let [lines, bytes] = [0, 0]
  async function * chunks (): AsyncGenerator<string> {
    for await (const text of texts) {
      const found = linesOf(text)
      if (found.length === 0) continue
      const chunk = found.join('\n') + '\n'
      lines += found.length
      bytes += Buffer.byteLength(chunk)
      yield chunk
    }
  }
  await pipeline(Readable.from(chunks()), createWriteStream(path))
  return { path, lines, bytes }
}

async function * sharedTexts (names: readonly string[], isWanted: (index: number) => boolean): AsyncGenerator<string> {
  for (const name of names) {
    let index = 0
    for await (const { text } of ndjson(sharedFile(name)) as AsyncIterable<Document>) if (isWanted(index++)) yield text
  }
}

function sharedFile (name: string): string {
  return join(SHARED, `${name}.ndjson.gz`)
}

function filesIn (folder: string, isKind: (path: string) => boolean): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && isKind(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

/** The folder in which Debian installs Python modules. */
function pythonFolders (): string[] {
  const versions = ['/usr/lib', '/usr/local/lib'].flatMap(folder => existsSync(folder)
    ? readdirSync(folder).filter(name => name.startsWith('python3')).sort().map(name => join(folder, name))
    : [])
  return [...versions, '/usr/share']
}
