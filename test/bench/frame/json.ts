import type { CorpusFile } from '../corpora/corpora.ts'
import { type WordCounts, newShare, newWordsPerMegabyte } from '../corpora/word-counter.ts'
import { type BarResult, jsonOfBar } from './bars.ts'
import type { Compared } from './compare.ts'
import type { Machine } from './machine.ts'
import { type RowResult, type SideResult, type Taken, bestOf, bestWarm, ratioOf } from './row.ts'

/** The results of one call. */
export interface Results {
  readonly machine: Machine
  /** Results by side of a row. */
  readonly runs: number
  readonly corpora: readonly CorpusFile[]
  readonly rows: readonly RowResult[]
  readonly bars: readonly BarResult[]
  readonly compared: Compared | null
  /** Figures by name. */
  readonly parts: Readonly<Record<string, object>>
  /** Notes, a sentence each. */
  readonly skipped: readonly string[]
}

/** The results for programs. */
export function jsonOf ({ machine, runs, corpora, rows, bars, compared, parts, skipped }: Results): object {
  return {
    machine: { ...machine, memoryGb: undefined, memory_gb: machine.memoryGb },
    runs,
    corpora: corpora.map(({ name, source, fileBytes, documents, textBytes, original, made }) => ({
      name,
      source,
      documents,
      text_bytes: textBytes,
      file_bytes: fileBytes,
      original: wordsOf(original),
      made: wordsOf(made)
    })),
    rows: rows.map(jsonOfRow),
    bars: bars.map(jsonOfBar),
    compare: compared === null ? null : { commit: compared.commit, rows: compared.rows.map(jsonOfRow) },
    parts,
    skipped
  }
}

function wordsOf (counts: WordCounts | null): object | null {
  if (counts === null) return null
  const { bytes, words, newWords } = counts
  const share = newShare(counts)
  return { bytes, words, new_words: newWords, new_share: share, new_words_per_mb: newWordsPerMegabyte(counts) }
}

function jsonOfRow ({ name, about, corpus, of, bytes, sides }: RowResult): object {
  return { name, about, corpus, mb_of: of, bytes, sides: sides.map(side => jsonOfSide(side, bytes, sides[0]!)) }
}

/** `ratio`: the speed of the first side relative to this one. */
function jsonOfSide ({ name, kind, samples }: SideResult, bytes: number | null, first: SideResult): object {
  const best = bestOf(samples)
  const warm = bestWarm(samples)
  return {
    name,
    kind,
    count: best.count,
    path: best.path ?? null,
    digest: best.digest ?? null,
    ...timesOf(best, bytes),
    warm: warm === undefined ? null : timesOf(warm, bytes),
    ratio: ratioOf(bestOf(first.samples), best),
    samples: samples.map(({ cpu, wall }) => ({ cpu_seconds: cpu, wall_seconds: wall }))
  }
}

function timesOf ({ cpu, wall }: Taken, bytes: number | null): object {
  return {
    cpu_seconds: cpu,
    wall_seconds: wall,
    mb_per_cpu_second: bytes === null ? null : bytes / 1e6 / cpu,
    mb_per_second: bytes === null ? null : bytes / 1e6 / wall
  }
}
