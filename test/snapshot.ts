import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBytes } from '../lib/input/read.ts'
import { sha256 } from '../lib/hash.ts'
import { filesIn, isProvenance, withoutCircumstances } from './helpers.ts'

/** Values that may differ between two equal runs: durations, times, and the record's name, which has a date. */
const CIRCUMSTANCE = /^(.*_)?seconds$|_utc$|^run_record$/

/** The SHA-256 of all files below a folder: decompressed, and, for JSON, without durations and times. */
export async function snapshot (folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of filesIn(folder)) {
    files.set(name.replace(/[^/]+Z(-[0-9a-f]+\.json)$/, 'DATE$1'), sha256(await comparable(join(folder, name))))
  }
  return files
}

/** The differences between two snapshots, one per file; empty if there are none. */
export function whatDiffers (expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  return [
    ...[...expected.keys()].filter(name => !found.has(name)).map(name => `${name} is missing`),
    ...[...found.keys()].filter(name => !expected.has(name)).map(name => `${name} is not expected`),
    ...[...found].filter(([name, hash]) => expected.has(name) && expected.get(name) !== hash).map(([name]) =>
      `${name} has other content`)
  ]
}

async function comparable (path: string): Promise<string | Buffer> {
  if (isProvenance(path)) return withoutCircumstances(readFileSync(path, 'utf8'))
  if (path.endsWith('.json')) return jsonWithoutCircumstances(path)
  const content = await decompressed(path)
  // A source drops records while earlier documents are on their way to a filter that drops them: the order depends on
  // timing.
  return path.includes('rejects') ? content.toString().split('\n').sort().join('\n') : content
}

function jsonWithoutCircumstances (path: string): string {
  const json = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
    CIRCUMSTANCE.test(key) ? undefined : value) as unknown
  if (!path.endsWith('checkpoint.json')) return JSON.stringify(json)
  // The sizes of compressed files are left out: a checkpoint adds some bytes to them.
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
