import { statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { PartialError, SluiceError, messageOf } from '../lib/errors.ts'
import { type Hub, theHub } from '../lib/hub/hub.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { recordSourceOptions } from '../lib/records/source-options.ts'
import { type Estimate, addEstimates } from '../lib/sampling/estimate.ts'
import { TOKENIZER_FILES } from '../lib/tokenizer/files.ts'
import { loadOptions, tokenizerOptionsOf } from '../lib/tokenizer/options.ts'
import { type Tokenizer, type TokenizerOptions, loadTokenizer } from '../lib/tokenizer/tokenizer.ts'

import { findComponent, findingOnce } from './components/find.ts'
import { checkpointsOf } from './components/paths.ts'
import type { RunOptions } from './flow/flow.ts'
import { type ComponentForecast, BYTES_A_TOKEN, forecastOf, sumOf } from './forecast/forecast.ts'
import { type MixtureForecast, mixtureForecast } from './forecast/mixture.ts'
import { type KeepsLines, keepsLinesTrainedWith, keepsLinesWith } from './forecast/indentation.ts'
import { sampleComponent } from './forecast/sample.ts'
import { readManifest } from './manifest/read.ts'
import type { Component, Manifest } from './manifest/schema.ts'
import { knownStages, readsHub } from './stages.ts'
import { amount } from '../lib/text/numbers.ts'
import { tableLines } from '../lib/text/table.ts'

const TOKENIZER_HELP = `${TOKENIZER_FILES} (default: the manifest's, if it exists)`
const DOCUMENTS_HELP = 'random documents to sample of each component, to estimate what the filters keep; the same ' +
  'number of mostly long ones is sampled to estimate tokens'

export const checkOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe(TOKENIZER_HELP),
  ...loadOptions,
  documents: positive.default(100).describe(DOCUMENTS_HELP),
  concurrency: positive.default(1).describe('components that the run would process at once'),
  ...hubOptions,
  ...recordSourceOptions
}).describe('a forecast of a manifest\'s run: what it would read, write and need')

/** The forecast of a manifest's run. */
export interface Forecast {
  readonly manifest: string
  readonly tokenizer: string | null
  /** The components that can be read. */
  readonly components: readonly ComponentForecast[]
  readonly failed: ReadonlyArray<{ readonly name: string, readonly code: string, readonly error: string }>
  /** Null if the manifest has no training set, or one of its components can't be read. */
  readonly mixture: MixtureForecast | null
  /** All output, with the temporary files of the training set. */
  readonly output_bytes: Estimate
  readonly free_bytes: number
  readonly memory_bytes: number
  readonly warnings: readonly string[]
}

/**
 * The peak of resident memory of process-mixture, as `npm run memory` prints it, and the estimated increase for each
 * further component that is processed at the same time.
 */
const RUN_BYTES = 250e6
const COMPONENT_BYTES = 80e6

/** Bytes of a hash in the window of `dedup`. */
const HASH_BYTES = 90

/**
 * Forecasts a run of `process-mixture`, and the training set that `run` or `mix` makes of its shards. It reads a part
 * of each component, filters and encodes some of its documents as the run would, and writes nothing.
 *
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`; a ForecastError (`ERR_COMPONENT`) when components can't be read,
 *   with the forecast of the others; `ERR_ABORTED`
 */
export async function checkManifest (
  manifestPath: string, options: z.input<typeof checkOptions> = {}, run: RunOptions = {}
): Promise<Forecast> {
  return await checkManifestParsed(manifestPath, parseOptions('check', checkOptions, options), run)
}

/** Like `checkManifest`, with parsed options. */
export async function checkManifestParsed (
  manifestPath: string, options: z.output<typeof checkOptions>, { signal }: RunOptions
): Promise<Forecast> {
  const { tokenizerPath, documents, concurrency, maxLineBytes, maxBad, maxRetries, timeout } = options
  const find = findingOnce()
  const manifest = await readManifest(manifestPath, knownStages, find)
  const tell = (message: string): void => { warnings.push(message.replace(/^warning: /, '')) }
  const warnings: string[] = []
  const path = tokenizerPath ?? manifest.tokenizerPath
  const loading = tokenizerOptionsOf(options, manifest.tokenizer)
  const tokenizer = tokenizerPath === undefined
    ? await tokenizerIfThere(path, loading, warnings)
    : await loadTokenizer(tokenizerPath, loading)
  const encoding = { tokenizer, keepsLines: keepsLinesOf(manifest, tokenizer) }
  const components: ComponentForecast[] = []
  let client: Hub | undefined
  const failed: Array<Forecast['failed'][number]> = []
  for (const component of manifest.datasets) {
    try {
      if (readsHub(component)) client ??= await theHub({ maxRetries, timeout })
      const finding = { maxRetries, timeout, signal, tell, client, find }
      const found = await findComponent(component, finding, checkpointsOf(component))
      const reading = { maxLineBytes, maxRetries, timeout, tell, signal }
      const sample = await sampleComponent(found, documents, tokenizer, reading)
      components.push(await forecastOf(found, sample, encoding, maxBad))
    } catch (error) {
      if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${manifestPath}: stopped`, { cause: error })
      if (!(error instanceof SluiceError)) throw error
      failed.push({ name: component.name, code: error.code, error: error.message })
    }
  }
  const mixture = mixtureForecast(manifest, components, tokenizer)
  const own = sumOf(components.map(component => component.output_bytes))
  // The size of the training set depends on those of the components.
  const output = mixture === null ? own : addEstimates([own, mixture.output_bytes, mixture.shuffle_bytes])
  const free = await freeSpace(manifest.datasets[0]!.outputDir)
  const shuffling = Math.min(manifest.mixture?.shuffleMemory ?? 0, mixture?.shuffle_bytes.high ?? 0)
  const memory = Math.max(memoryFor(manifest.datasets, concurrency), RUN_BYTES + shuffling)
  warnOfSpace('the output', output.high, free, warnings)
  warnOfSpace('the run', memory, freemem(), warnings, ' of memory')
  const forecast: Forecast = {
    manifest: manifestPath,
    tokenizer: tokenizer === null ? null : path,
    components,
    failed,
    mixture,
    output_bytes: output,
    free_bytes: free,
    memory_bytes: memory,
    warnings
  }
  if (failed.length > 0) throw new ForecastError(forecast)
  return forecast
}

function warnOfSpace (what: string, needed: number, free: number, warnings: string[], of = ''): void {
  if (needed > free) warnings.push(`${what} may need ${gigabytes(needed)}${of}, and ${gigabytes(free)} are free`)
}

/** Components can't be read; `forecast` has the forecast of the others. */
export class ForecastError extends PartialError {
  readonly forecast: Forecast

  constructor (forecast: Forecast) {
    const { failed, components } = forecast
    const message = `${failed.length} of ${failed.length + components.length} components would fail`
    const lines = failed.map(({ name, error }) => `${name}: ${error}`)
    super('ERR_COMPONENT', [message, ...lines].join('\n'), forecast, { isResult: components.length > 0 })
    this.forecast = forecast
  }
}

/** The tokenizer, or null with a warning: a manifest may be checked before its tokenizer is trained. */
async function tokenizerIfThere (
  path: string | null, loading: TokenizerOptions, warnings: string[]
): Promise<Tokenizer | null> {
  const guessed = `tokens are guessed at ${BYTES_A_TOKEN.low} to ${BYTES_A_TOKEN.high} bytes each`
  if (path === null) {
    warnings.push(`no tokenizer is named (tokenizer.path, tokenizer_output_dir, --tokenizer-path): ${guessed}`)
    return null
  }
  try {
    return await loadTokenizer(path, loading)
  } catch (error) {
    warnings.push(`${messageOf(error)}: ${guessed}`)
    return null
  }
}

/** From the tokenizer, or from the settings that it will be trained with; null if neither is known. */
function keepsLinesOf (
  { tokenizerPath, tokenizer: settings }: Manifest, tokenizer: Tokenizer | null
): KeepsLines | null {
  if (tokenizer !== null) return keepsLinesWith(tokenizer)
  return tokenizerPath === null ? null : keepsLinesTrainedWith(settings)
}

function memoryFor (components: readonly Component[], concurrency: number): number {
  const windows = components.map(({ filters }) => {
    const dedups = filters.filter(({ stage }) => stage === 'dedup')
    return dedups.reduce((sum, { options }) => sum + (options.window as number) * HASH_BYTES, 0)
  })
  const atOnce = windows.sort((a, b) => b - a).slice(0, concurrency)
  return RUN_BYTES + COMPONENT_BYTES * (atOnce.length - 1) + atOnce.reduce((sum, bytes) => sum + bytes, 0)
}

/** Free bytes on the disk of a folder, which may not exist yet. */
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

/** A forecast as text. */
export function forecastText (forecast: Forecast): string {
  const { components, mixture, output_bytes: output, free_bytes: free, memory_bytes: memory, warnings } = forecast
  const meaning = 'In parentheses: bounds that hold in 19 cases of 20, if the rest of the data is like the sample.'
  const needed = `Disk space needed: ${range(output, 'B')}, free: ${amount(free)}B. Memory: about ${amount(memory)}B.`
  const parts = [...components.flatMap(componentLines), ...(mixture === null ? [] : mixtureLines(mixture))]
  return [...parts, '', meaning, needed, ...warnings.map(notes)].join('\n')
}

function mixtureLines (mixture: MixtureForecast): string[] {
  const { tokens, validation_tokens: held, output_bytes: written, shuffle_bytes: shuffling, warnings } = mixture
  const estimates = [
    ['tokens', range(tokens)],
    ...(held.high === 0 ? [] : [['validation tokens', range(held)]]),
    ['on disk', range(written, 'B')],
    ...(shuffling.high === 0 ? [] : [['while it is shuffled', range(shuffling, 'B')]])
  ]
  return [
    'training set (mixture)',
    ...tableLines(estimates, 'left').map(line => `  ${line}`),
    ...warnings.map(warning => `  ${notes(warning)}`)
  ]
}

function componentLines (component: ComponentForecast): string[] {
  const { name, files, bytes, read, sampled, documents, kept, tokens, output_bytes: written } = component
  const reasons = Object.entries({ ...component.bad_records, ...component.dropped })
  const dropped = reasons.length === 0 ? '' : ` (${reasons.map(([reason, n]) => `${reason} ${n}`).join(', ')})`
  const size = `${files} ${files === 1 ? 'file' : 'files'}${bytes === null ? '' : `, ${amount(bytes)}B`}`
  const estimates = [
    ['documents', range(documents)],
    ['kept', range(kept)],
    ['tokens', range(tokens)],
    ['on disk', range(written, 'B')]
  ]
  return [
    `${name}: ${size}; sampled ${sampled} of ${amount(read)} documents${dropped}`,
    ...tableLines(estimates, 'left').map(line => `  ${line}`),
    ...component.warnings.map(warning => `  ${notes(warning)}`)
  ]
}

function notes (warning: string): string {
  return `note: ${warning}`
}

function range ({ guess, low, high }: Estimate, unit = ''): string {
  const bounds = low === high ? '' : ` (${amount(low)}${unit} to ${amount(high)}${unit})`
  return `${amount(guess)}${unit}${bounds}`
}
