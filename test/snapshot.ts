import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBytes } from '../lib/input/read.ts'
import { sha256 } from '../lib/hash.ts'
import { filesIn, isProvenance, withoutCircumstances } from './helpers.ts'

/** What two runs of the same may have otherwise: how long they took, when, and the record's name, which has a date. */
const CIRCUMSTANCE = /^(.*_)?seconds$|_utc$|^run_record$/

/** All files below a folder, a SHA-256 of each: decompressed, and, where it is JSON, without seconds and dates. */
export async function snapshot (folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of filesIn(folder)) {
    files.set(name.replace(/[^/]+Z(-[0-9a-f]+\.json)$/, 'DATE$1'), sha256(await comparable(join(folder, name))))
  }
  return files
}

/** How two snapshots differ, a file each; empty where they don't. */
export function whatDiffers (expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  return [
    ...[...expected.keys()].filter(name => !found.has(name)).map(name => `${name} is missing`),
    ...[...found.keys()].filter(name => !expected.has(name)).map(name => `${name} is left behind`),
    ...[...found].filter(([name, hash]) => expected.has(name) && expected.get(name) !== hash).map(([name]) =>
      `${name} has other content`)
  ]
}

async function comparable (path: string): Promise<string | Buffer> {
  if (isProvenance(path)) return withoutCircumstances(readFileSync(path, 'utf8'))
  if (path.endsWith('.json')) return jsonWithoutCircumstances(path)
  const content = await decompressed(path)
  // A source drops records while the documents before them are still on their way to what drops these: the order is a
  // matter of time.
  return path.includes('rejects') ? content.toString().split('\n').sort().join('\n') : content
}

function jsonWithoutCircumstances (path: string): string {
  const json = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
    CIRCUMSTANCE.test(key) ? undefined : value) as unknown
  if (!path.endsWith('checkpoint.json')) return JSON.stringify(json)
  // The sizes of compressed files are left out: a checkpoint in them takes some bytes.
  const { content: { settings, finished } } = json as {
    content: {
      settings: unknown
      finished: { result: unknown } | null
    }
  }
  return JSON.stringify([settings, finished?.result])
}

async function decompressed (path: string): Promise<Buffer> {
  if (!/\.(?:gz|zst)$/.test(path)) return readFileSync(path)
  const chunks: Buffer[] = []
  for await (const chunk of readBytes(path)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
