import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { verify } from '../../../recipes/verify.ts'
import { fixture, folderInMemory, ndjsonOf, put } from '../../helpers.ts'
import type { Test } from '../../tap.ts'

export const SEQ_LEN = 16

export interface Corpora {
  readonly folder: string
  /** Writes the manifest, with a key `mixture` unless it is null, and returns its path. */
  readonly write: (mixture: object | null) => string
  readonly verify: () => Promise<void>
  readonly stats: () => ReadonlyArray<{ readonly name: string, readonly sequences: number }>
}

/** The size of a corpus. */
export interface CorpusSize {
  readonly documents: number
  /** Words of a document; up to four more, by its number. */
  readonly words: number
}

/** Corpora of short documents, half as many in the second, and so on; or their sizes, by name. */
export type CorporaSizes = readonly string[] | Readonly<Record<string, CorpusSize>>

/** Shards of small corpora, in a folder whose long name YAML could fold. */
export async function makeCorpora (
  t: Test, sizes: CorporaSizes = ['web', 'books', 'code'], sequencesPerShard = 250
): Promise<Corpora> {
  const folder = join(folderInMemory(t), `a folder with spaces in a long name${', and more'.repeat(5)}`)
  mkdirSync(folder)
  return await corporaIn(folder, sizes, sequencesPerShard)
}

/** Like `makeCorpora`, in a folder. */
export async function corporaIn (folder: string, sizes: CorporaSizes, sequencesPerShard = 250): Promise<Corpora> {
  const datasets = sizesOf(sizes).map(([name, { documents, words }]) => {
    const records = Array.from({ length: documents }, (_, number) => ({
      id: `${name}-${number}`, text: textOf(name, number, words + number % 5)
    }))
    return {
      name,
      dataset: 'json',
      data_files: put(folder, `${name}.ndjson`, ndjsonOf(records)),
      seq_len: SEQ_LEN,
      sequences_per_shard: sequencesPerShard,
      output_dir: join(folder, 'shards', name)
    }
  })
  const stats = join(folder, 'stats.json')
  const write = (mixture: object | null): string => put(folder, 'mix.yaml', JSON.stringify({
    stats,
    tokenizer: { path: fixture('tiny.model') },
    datasets,
    ...(mixture !== null && { mixture: { output_dir: join(folder, 'mixture'), ...mixture } })
  }))
  await processMixture(write(null), { runsDir: join(folder, 'runs'), workers: 1 })
  return {
    folder,
    write,
    verify: async () => { await verify(stats, { inventory: join(folder, 'inventory.md') }) },
    stats: () => (JSON.parse(readFileSync(stats, 'utf8')) as { stats: ReturnType<Corpora['stats']> }).stats
  }
}

function sizesOf (sizes: CorporaSizes): Array<[string, CorpusSize]> {
  if (!isNames(sizes)) return Object.entries(sizes)
  return sizes.map((name, i) => [name, { documents: 120 / (i + 1), words: 12 }])
}

function isNames (sizes: CorporaSizes): sizes is readonly string[] {
  return Array.isArray(sizes)
}

/** The words of a document, by its corpus and number. */
function textOf (corpus: string, number: number, words: number): string {
  return Array.from({ length: words }, (_, i) => `${corpus}${(number * 31 + i * 7) % 97}`).join(' ')
}
