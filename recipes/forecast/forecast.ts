import { existsSync } from 'node:fs'
import { SluiceError } from '../../lib/errors.ts'
import { type MaxBad, judgeBadRecords } from '../../lib/records/bad-records.ts'
import {
  type Estimate, estimateShare, estimateSizeShare, estimateTotal, multiplyEstimates, scaleEstimate
} from '../../lib/sampling/estimate.ts'
import { listShards } from '../../lib/shards/names.ts'
import { bytesPerId } from '../../lib/shards/npy.ts'
import type { Tokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { checkpointIn } from '../components/paths.ts'
import { checkFit } from '../components/shard-job.ts'
import { droppedBy } from '../flow/counts.ts'
import { judgeKept } from '../flow/expect.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { type KeepsLines, lostLinesWarning } from './indentation.ts'
import type { Sample, SampledDocument } from './sample.ts'

/** What a run of a component would do, by a sample of it. */
export interface ComponentForecast {
  readonly name: string
  readonly files: number
  /** As they lie on disk; null where that can't be known. */
  readonly bytes: number | null
  /** Documents read for this, and those of them that were drawn to be counted. */
  readonly read: number
  readonly sampled: number
  readonly bad_records: Readonly<Record<string, number>>
  readonly dropped: Readonly<Record<string, number>>
  /** Before the filters, and after them. */
  readonly documents: Estimate
  readonly kept: Estimate
  readonly tokens: Estimate
  /** Shards, and copies where the component asks for them. */
  readonly output_bytes: Estimate
  readonly warnings: readonly string[]
}

/** Without a tokenizer: bytes of text a token. A guess: it hangs on the language and on the vocabulary. */
export const BYTES_A_TOKEN = { guess: 4, low: 2.5, high: 6 }

/** What gzip makes of text, about. */
const GZIP_SHARE = 0.35

/** What a run would do with a component's documents. */
export interface Encoding {
  /** Null where there is none yet. */
  readonly tokenizer: Tokenizer | null
  /** Null where nothing is known of the tokenizer. */
  readonly keepsLines: KeepsLines | null
}

/** Extrapolates from a sample. */
export async function forecastOf (component: FoundComponent, sample: Sample, encoding: Encoding, maxBad: MaxBad): Promise<ComponentForecast> {
  const { tokenizer } = encoding
  const { files, factor, length, large } = sample
  const documents = documentsIn(sample)
  const kept = multiplyEstimates(documents, estimateShare(sample.kept / Math.max(1, sample.sampled), sample.sampled === sample.documents && factor === 1 ? Infinity : sample.sampled))
  const most = component.maxRecords ?? Infinity
  const share = kept.guess === 0 ? 0 : Math.min(1, most / kept.guess)
  const weights = large.map(document => ({ size: document.length, weight: document.weight, has: document.kept, document }))
  const keptWeight = estimateSizeShare(weights)
  const total = (amount: (document: SampledDocument) => number): Estimate =>
    scaleEstimate(multiplyEstimates(estimateTotal(weights.map(drawn => ({ ...drawn, amount: amount(drawn.document) })), length * factor), keptWeight), share)
  const text = total(({ textBytes }) => textBytes)
  const tokens = tokenizer === null ? guessTokens(text) : total(({ tokens }) => tokens!)
  const copies = (component.rawDir === null ? 0 : 1) + (component.filteredDir === null ? 0 : 1)
  return {
    name: component.name,
    files: files.length,
    bytes: files.some(({ size }) => size === null) ? null : files.reduce((sum, { size }) => sum + size!, 0),
    read: sample.documents,
    sampled: sample.sampled,
    bad_records: sample.bad,
    dropped: droppedBy(sample.filters),
    documents,
    kept: scaleEstimate(kept, 1, most),
    tokens,
    output_bytes: sumOf([scaleEstimate(tokens, bytesPerId(component.dtype)), scaleEstimate(text, copies * GZIP_SHARE)]),
    warnings: await warningsFor(component, sample, encoding, maxBad)
  }
}

/** Of independent estimates: their spreads add up by squares. */
export function sumOf (estimates: readonly Estimate[]): Estimate {
  const guess = estimates.reduce((sum, estimate) => sum + estimate.guess, 0)
  const spread = (side: 'low' | 'high'): number => Math.sqrt(estimates.reduce((sum, estimate) => sum + (estimate[side] - estimate.guess) ** 2, 0))
  return { guess, low: Math.round(Math.max(0, guess - spread('low'))), high: Math.round(guess + spread('high')) }
}

/** All of them where all was read, else in proportion to what was read, as if documents lay about by chance. */
export function documentsIn ({ documents, factor }: Sample): Estimate {
  const spread = 1.96 * factor * Math.sqrt(documents * (1 - 1 / factor))
  const guess = documents * factor
  return { guess: Math.round(guess), low: Math.round(Math.max(documents, guess - spread)), high: Math.round(guess + spread) }
}

async function warningsFor (component: FoundComponent, sample: Sample, { tokenizer, keepsLines }: Encoding, maxBad: MaxBad): Promise<string[]> {
  const { files, documents, factor, filters, bad } = sample
  const warnings: string[] = []
  const warnOf = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      warnings.push(error.message)
    }
  }
  const records = documents + Object.values(bad).reduce((sum, n) => sum + n, 0)
  if (documents === 0) warnings.push(`no document was found in ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  warnOf(() => { judgeBadRecords({ in: records, out: documents, dropped: { ...bad } }, maxBad, ['the run would fail']) })
  for (const [index, { stageName, stats }] of filters.entries()) warnOf(() => { judgeKept({ ...stats, name: `of this sample ${stageName}` }, component.filters[index]!.expect) })
  const { expect } = component
  if (expect !== null) warnOf(() => { judgeKept({ name: 'of this sample all filters', in: sample.sampled, out: sample.kept, dropped: droppedBy(sample.filters) }, expect) })
  if (tokenizer !== null) warnOf(() => { checkFit(component, tokenizer) })
  const lostLines = keepsLines === null ? undefined : lostLinesWarning(sample.texts, keepsLines)
  if (lostLines !== undefined) warnings.push(lostLines)
  if (factor > 1) warnings.push(`about ${(100 / factor).toPrecision(2)}% of it was read; what the rest is like is not in the bounds`)
  if (component.filters.some(({ stage }) => stage === 'dedup')) warnings.push('dedup drops more of the whole than of a sample')
  for (const { module } of component.filters) if (module?.inOrder != null) warnings.push(`${module.stageName}: ${module.inOrder}; of the whole it may keep another share than of a sample`)
  const { length } = await listShards(component.outputDir)
  if (length > 0) {
    const hasCheckpoint = existsSync(checkpointIn(component.outputDir))
    const then = hasCheckpoint ? 'a run skips what is up to date, and says what differs; run --dry-run says it before' : 'the run will want --overwrite'
    warnings.push(`${component.outputDir} holds ${length} ${length === 1 ? 'shard' : 'shards'}; ${then}`)
  }
  return warnings
}

function guessTokens ({ guess, low, high }: Estimate): Estimate {
  return { guess: Math.round(guess / BYTES_A_TOKEN.guess), low: Math.round(low / BYTES_A_TOKEN.high), high: Math.round(high / BYTES_A_TOKEN.low) }
}
