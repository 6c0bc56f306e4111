import { statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { SluiceError, messageOf } from '../lib/errors.ts'
import { type Estimate, estimateTotal, scaleEstimate } from '../lib/estimate.ts'
import { readManifest } from '../lib/manifest/read.ts'
import type { Component } from '../lib/manifest/schema.ts'
import { bytesPerId } from '../lib/npy.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { recordSourceOptions } from '../lib/record-source.ts'
import { listShards } from '../lib/shards.ts'
import { type Tokenizer, loadTokenizer } from '../lib/tokenizer.ts'
import { checkFit } from './component.ts'
import { judgeKept } from './expect.ts'
import { type Sample, sampleComponent } from './sample.ts'
import { knownStages } from './stages.ts'

export const checkOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe('SentencePiece .model file (default: the one in the manifest\'s tokenizer_output_dir, if it is there)'),
  documents: positive.default(100).describe('documents of each component that are filtered and encoded'),
  concurrency: positive.default(1).describe('components that the run would process at once'),
  maxLineBytes: recordSourceOptions.maxLineBytes
}).describe('a dry look at a manifest: what the run would read, make and need')

/** What a run of a component would do, by a sample of it. */
export interface ComponentForecast {
  readonly name: string
  readonly files: number
  /** As they lie on disk; null where that can't be known. */
  readonly bytes: number | null
  /** Documents read for this, and those of them that were filtered and encoded. */
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
  readonly output_dir: string
  readonly warnings: readonly string[]
}

export interface Forecast {
  readonly manifest: string
  readonly tokenizer: string | null
  readonly components: readonly ComponentForecast[]
  readonly output_bytes: Estimate
  readonly free_bytes: number
  readonly memory_bytes: number
  readonly warnings: readonly string[]
}

/** Without a tokenizer: bytes of text a token, as vocabularies of 8,000 to 128,000 pieces have on text in several languages. */
const BYTES_A_TOKEN = { guess: 4, low: 2.5, high: 6 }

/** gzip makes about a third of text. */
const GZIP_SHARE = 0.35

/** Peaks of resident memory, as `npm run memory` prints them: a run with one component, and each further one at once. */
const RUN_BYTES = 210e6
const COMPONENT_BYTES = 80e6
/** A hash in the window of `dedup`. */
const HASH_BYTES = 90

/**
 * Says what `process-mixture` would do with a manifest, without doing it: reads some documents of each component.
 * Writes nothing.
 *
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, and what the sources throw that can't be read at all
 */
export async function checkManifest (manifestPath: string, options: z.input<typeof checkOptions> = {}): Promise<Forecast> {
  const { tokenizerPath, documents, concurrency, maxLineBytes } = parseOptions('check', checkOptions, options)
  const manifest = await readManifest(manifestPath, knownStages)
  const warnings: string[] = []
  const path = tokenizerPath ?? manifest.tokenizerPath
  const tokenizer = tokenizerPath === undefined ? await tokenizerIfThere(path, warnings) : await loadTokenizer(tokenizerPath)
  const components: ComponentForecast[] = []
  for (const component of manifest.datasets) {
    components.push(await forecast(component, await sampleComponent(component, documents, tokenizer, { maxLineBytes }), tokenizer))
  }
  const output = sumOf(components.map(component => component.output_bytes))
  const free = await freeSpace(manifest.datasets[0]!.outputDir)
  if (output.high > free) warnings.push(`the output may need ${gigabytes(output.high)}, and ${gigabytes(free)} are free`)
  const memory = memoryFor(manifest.datasets, concurrency)
  if (memory > freemem()) warnings.push(`the run may need ${gigabytes(memory)} of memory, and ${gigabytes(freemem())} are free`)
  return { manifest: manifestPath, tokenizer: tokenizer === null ? null : path, components, output_bytes: output, free_bytes: free, memory_bytes: memory, warnings }
}

/** A manifest is looked at before its tokenizer is trained, too. */
async function tokenizerIfThere (path: string | null, warnings: string[]): Promise<Tokenizer | null> {
  if (path === null) {
    warnings.push(`no tokenizer is named (tokenizer_output_dir, --tokenizer-path): tokens are guessed at ${BYTES_A_TOKEN.low} to ${BYTES_A_TOKEN.high} bytes each`)
    return null
  }
  try {
    return await loadTokenizer(path)
  } catch (error) {
    warnings.push(`${messageOf(error)}: tokens are guessed at ${BYTES_A_TOKEN.low} to ${BYTES_A_TOKEN.high} bytes each`)
    return null
  }
}

async function forecast (component: Component, sample: Sample, tokenizer: Tokenizer | null): Promise<ComponentForecast> {
  const { files, size, sizes, documents: sampled } = sample
  const of = (amount: (document: typeof sampled[number]) => number): Estimate => estimateTotal(sampled.map(document => ({ size: document.size, amount: amount(document) })), size)
  const most = component.maxRecords ?? Infinity
  const all = estimateTotal(sizes.map(size => ({ size, amount: 1 })), size)
  const kept = estimateTotal(sampled.map(({ kept }) => ({ size: 1, amount: Number(kept) })), all.guess)
  const share = kept.guess === 0 ? 0 : Math.min(1, most / kept.guess)
  const text = scaleEstimate(of(({ textBytes }) => textBytes), share)
  const tokens = tokenizer === null ? guessTokens(text) : scaleEstimate(of(({ tokens }) => tokens!), share)
  const copies = (component.rawDir === null ? 0 : 1) + (component.filteredDir === null ? 0 : 1)
  return {
    name: component.name,
    files: files.length,
    bytes: files.some(file => file.size === null) ? null : files.reduce((sum, file) => sum + file.size!, 0),
    read: sizes.length,
    sampled: sampled.length,
    bad_records: sample.bad,
    dropped: Object.fromEntries(sample.filters.flatMap(({ stage, stats }) => Object.entries(stats.dropped).map(([reason, n]) => [`${stage}.${reason}`, n]))),
    documents: all,
    kept: scaleEstimate(kept, 1, most),
    tokens,
    output_bytes: sumOf([scaleEstimate(tokens, bytesPerId(component.dtype)), scaleEstimate(text, copies * GZIP_SHARE)]),
    output_dir: component.outputDir,
    warnings: await warningsFor(component, sample, tokenizer)
  }
}

async function warningsFor (component: Component, { files, documents, filters, isExact, bad }: Sample, tokenizer: Tokenizer | null): Promise<string[]> {
  const warnings: string[] = []
  const warnOf = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      warnings.push(error.message)
    }
  }
  if (documents.length === 0) warnings.push(`no document was found in ${files.length} ${files.length === 1 ? 'file' : 'files'}${Object.keys(bad).length === 0 ? '' : ' (bad records only)'}`)
  for (const [index, { stage, stats }] of filters.entries()) warnOf(() => { judgeKept({ ...stats, name: `in this sample ${stage}` }, component.filters[index]!.expect) })
  if (tokenizer !== null) warnOf(() => { checkFit(component, tokenizer) })
  if (!isExact) warnings.push('the files\' decompressed size is guessed from the beginnings of some of them')
  if (component.filters.some(({ stage }) => stage === 'dedup')) warnings.push('dedup drops more of the whole than of a sample')
  const { length } = await listShards(component.outputDir)
  if (length > 0) warnings.push(`${component.outputDir} holds ${length} ${length === 1 ? 'shard' : 'shards'}; the run will want --overwrite`)
  return warnings
}

function guessTokens ({ guess, low, high }: Estimate): Estimate {
  return { guess: Math.round(guess / BYTES_A_TOKEN.guess), low: Math.round(low / BYTES_A_TOKEN.high), high: Math.round(high / BYTES_A_TOKEN.low) }
}

/** Errors of components are independent, so that their spreads add up by squares. */
function sumOf (estimates: readonly Estimate[]): Estimate {
  const guess = estimates.reduce((sum, estimate) => sum + estimate.guess, 0)
  const spread = (side: 'low' | 'high'): number => Math.sqrt(estimates.reduce((sum, estimate) => sum + (estimate[side] - estimate.guess) ** 2, 0))
  return { guess, low: Math.round(Math.max(0, guess - spread('low'))), high: Math.round(guess + spread('high')) }
}

function memoryFor (components: readonly Component[], concurrency: number): number {
  const windows = components.map(({ filters }) => filters.filter(({ stage }) => stage === 'dedup').reduce((sum, { options }) => sum + (options.window as number) * HASH_BYTES, 0))
  const atOnce = windows.sort((a, b) => b - a).slice(0, concurrency)
  return RUN_BYTES + COMPONENT_BYTES * (atOnce.length - 1) + atOnce.reduce((sum, bytes) => sum + bytes, 0)
}

/** On the disk of a folder that may not be there yet. */
async function freeSpace (folder: string): Promise<number> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const disk = await statfs(place).catch(() => null)
    if (disk !== null) return disk.bavail * disk.bsize
    if (place === dirname(place)) return 0
  }
}

function gigabytes (bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
