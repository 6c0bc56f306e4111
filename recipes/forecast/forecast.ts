import { existsSync } from 'node:fs'
import { SluiceError } from '../../lib/errors.ts'
import { type MaxBad, judgeBadRecords } from '../../lib/records/bad-records.ts'
import {
  type Estimate, estimateShare, estimateSizeShare, estimateTotal, multiplyEstimates, scaleEstimate
} from '../../lib/sampling/estimate.ts'
import { listAnyShards } from '../../lib/shards/names.ts'
import { bytesPerId } from '../../lib/shards/npy.ts'
import type { Tokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { dtypeOf } from '../components/shard-output.ts'
import { checkpointIn } from '../components/paths.ts'
import { checkFit } from '../components/shard-job.ts'
import { droppedBy } from '../flow/counts.ts'
import { checkKept } from '../flow/expect.ts'
import type { FoundComponent } from '../manifest/found.ts'
import type { Filter } from '../manifest/schema.ts'
import { type KeepsLines, lostLinesWarning } from './indentation.ts'
import type { Sample, SampledDocument } from './sample.ts'

/** A forecast of a component's run, from a sample of its documents. */
export interface ComponentForecast {
  readonly name: string
  readonly files: number
  /** The size of the files on disk, compressed or not; null if unknown. */
  readonly bytes: number | null
  /** Documents that were read. */
  readonly read: number
  /** Documents that were drawn from these and filtered. */
  readonly sampled: number
  readonly bad_records: Readonly<Record<string, number>>
  readonly dropped: Readonly<Record<string, number>>
  /** Documents before the filters. */
  readonly documents: Estimate
  /** Documents after the filters. */
  readonly kept: Estimate
  readonly tokens: Estimate
  /** The size of the shards, and of the copies if the component keeps any. */
  readonly output_bytes: Estimate
  readonly warnings: readonly string[]
}

/** Bytes of text per token, if there is no tokenizer. It depends on the language and the vocabulary. */
export const BYTES_A_TOKEN = { guess: 4, low: 2.5, high: 6 }

/** The approximate size of text compressed by gzip, as a share of its size. */
const GZIP_SHARE = 0.35

/** How a run would encode a component's documents. */
export interface Encoding {
  /** Null if the tokenizer does not exist yet. */
  readonly tokenizer: Tokenizer | null
  /** Null if nothing is known about the tokenizer. */
  readonly keepsLines: KeepsLines | null
}

/** Of a tokenizer that isn't there yet. */
export const GUESSED_PIECES = 32_000

/** Extrapolates from a sample to the whole component. */
export async function forecastOf (
  component: FoundComponent, sample: Sample, encoding: Encoding, maxBad: MaxBad
): Promise<ComponentForecast> {
  const { tokenizer } = encoding
  const { files, factor, length, large } = sample
  const documents = documentsIn(sample)
  const isWhole = sample.sampled === sample.documents && factor === 1
  const keptShare = estimateShare(sample.kept / Math.max(1, sample.sampled), isWhole ? Infinity : sample.sampled)
  const kept = multiplyEstimates(documents, keptShare)
  const max = component.maxRecords ?? Infinity
  const writtenShare = kept.guess === 0 ? 0 : Math.min(1, max / kept.guess)
  const weights = large.map(document => ({
    size: document.length, weight: document.weight, has: document.kept, document
  }))
  const keptWeight = estimateSizeShare(weights)
  const total = (amount: (document: SampledDocument) => number): Estimate => {
    const amounts = weights.map(drawn => ({ ...drawn, amount: amount(drawn.document) }))
    const ofAll = estimateTotal(amounts, length * factor)
    return scaleEstimate(multiplyEstimates(ofAll, keptWeight), writtenShare)
  }
  const text = total(({ textBytes }) => textBytes)
  const tokens = tokenizer === null ? guessTokens(text) : total(({ tokens }) => tokens!)
  const copies = (component.rawDir === null ? 0 : 1) + (component.filteredDir === null ? 0 : 1)
  const shardBytes = scaleEstimate(tokens, bytesPerId(dtypeOf(component, tokenizer?.vocabSize ?? GUESSED_PIECES)))
  return {
    name: component.name,
    files: files.length,
    bytes: files.some(({ size }) => size === null) ? null : files.reduce((sum, { size }) => sum + size!, 0),
    read: sample.documents,
    sampled: sample.sampled,
    bad_records: sample.bad,
    dropped: droppedBy(sample.filters),
    documents,
    kept: scaleEstimate(kept, 1, max),
    tokens,
    output_bytes: sumOf([shardBytes, scaleEstimate(text, copies * GZIP_SHARE)]),
    warnings: await warningsFor(component, sample, encoding, maxBad)
  }
}

/** The sum of independent estimates: the squares of their spreads are added. */
export function sumOf (estimates: readonly Estimate[]): Estimate {
  const guess = estimates.reduce((sum, estimate) => sum + estimate.guess, 0)
  const spread = (side: 'low' | 'high'): number => Math.hypot(...estimates.map(({ [side]: end, guess }) => end - guess))
  return { guess, low: Math.round(Math.max(0, guess - spread('low'))), high: Math.round(guess + spread('high')) }
}

/**
 * The number of documents: exact if everything was read, otherwise in proportion to the part that was read, as if
 * documents were placed at random.
 */
export function documentsIn ({ documents, factor }: Sample): Estimate {
  const spread = 1.96 * factor * Math.sqrt(documents * (1 - 1 / factor))
  const guess = documents * factor
  return {
    guess: Math.round(guess),
    low: Math.round(Math.max(documents, guess - spread)),
    high: Math.round(guess + spread)
  }
}

async function warningsFor (
  component: FoundComponent, sample: Sample, { tokenizer, keepsLines }: Encoding, maxBad: MaxBad
): Promise<string[]> {
  const { files, documents, texts } = sample
  const lostLines = keepsLines === null ? undefined : lostLinesWarning(texts, keepsLines)
  return [
    ...(documents === 0 ? [`no document was found in ${files.length} ${files.length === 1 ? 'file' : 'files'}`] : []),
    ...failuresOf(component, sample, tokenizer, maxBad),
    ...(lostLines === undefined ? [] : [lostLines]),
    ...sampleWarnings(component, sample),
    ...await shardWarnings(component)
  ]
}

/** The errors that a run would fail with, if the whole component is like the sample. */
function failuresOf (
  component: FoundComponent, sample: Sample, tokenizer: Tokenizer | null, maxBad: MaxBad
): string[] {
  const { documents, filters, bad, sampled, kept } = sample
  const { expect } = component
  const records = documents + Object.values(bad).reduce((sum, n) => sum + n, 0)
  const all = { name: 'in this sample, all filters together', in: sampled, out: kept, dropped: droppedBy(filters) }
  const checks = [
    () => { judgeBadRecords({ in: records, out: documents, dropped: { ...bad } }, maxBad, ['the run would fail']) },
    ...filters.map(({ stageName, stats }, index) => () => {
      checkKept({ ...stats, name: `in this sample, ${stageName}` }, component.filters[index]!.expect)
    }),
    () => { if (expect !== null) checkKept(all, expect) },
    () => { if (tokenizer !== null) checkFit(component, tokenizer) }
  ]
  return checks.flatMap(messageOfFailure)
}

function messageOfFailure (check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return [error.message]
  }
}

/** Why the whole component may differ from the sample. */
function sampleWarnings ({ filters }: FoundComponent, { factor }: Sample): string[] {
  const read = `about ${(100 / factor).toPrecision(2)}% of it was read`
  const hasDedup = filters.some(({ stage }) => stage === 'dedup')
  return [
    ...(factor > 1 ? [`${read}; the bounds do not cover how the rest differs`] : []),
    ...(hasDedup ? ['dedup drops a larger share of the whole than of a sample'] : []),
    ...filters.flatMap(inOrderWarning)
  ]
}

function inOrderWarning ({ module }: Filter): string[] {
  if (module?.inOrder == null) return []
  return [`${module.stageName}: ${module.inOrder}; it may keep another share of the whole than of a sample`]
}

async function shardWarnings ({ outputDir }: FoundComponent): Promise<string[]> {
  const { length } = await listAnyShards(outputDir)
  if (length === 0) return []
  const then = existsSync(checkpointIn(outputDir))
    ? 'a run skips what is up to date, and reports what differs; run --dry-run reports it first'
    : 'the run will need --overwrite'
  return [`${outputDir} holds ${length} ${length === 1 ? 'shard' : 'shards'}; ${then}`]
}

function guessTokens ({ guess, low, high }: Estimate): Estimate {
  return {
    guess: Math.round(guess / BYTES_A_TOKEN.guess),
    low: Math.round(low / BYTES_A_TOKEN.high),
    high: Math.round(high / BYTES_A_TOKEN.low)
  }
}
