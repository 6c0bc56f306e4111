import { createHash } from 'node:crypto'
import { Writable } from 'node:stream'
import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { PartialError } from '../lib/errors.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/open.ts'
import { jsonKind, refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { recordSourceOptions } from '../lib/records/source-options.ts'
import { type CoverageBaseline, readCoverageBaseline } from '../lib/tokenizer/baseline.ts'
import {
  type Coverage, type CoverageComparison, type CoverageCounts, type CoverageDifference, CoverageMeter, EncodedWords,
  compareCoverage, coverageOf, coverageTolerances
} from '../lib/tokenizer/coverage.ts'
import { TOKENIZER_FILES } from '../lib/tokenizer/files.ts'
import { loadOptions } from '../lib/tokenizer/options.ts'
import type { Tokenizer } from '../lib/tokenizer/tokenizer.ts'

import { type ReadOptions, documentsOf } from './flow/documents.ts'
import { type RunOptions, runFlow } from './flow/flow.ts'
import { checkOutputs } from './jobs/places.ts'
import { type FoundComponent, inputsOf } from './manifest/found.ts'
import { type CoverageInput, inputOf, sampleOptions } from './mixture/coverage-input.ts'
import { MANIFEST_HELP } from './mixture/read.ts'
import { number, percent } from '../lib/text/numbers.ts'
import { table } from '../lib/text/table.ts'

/** Recognizes an existing result, so that no other file is replaced. */
const COVERAGE = jsonKind('a result of check-coverage', 'sample', 'tokenizer', 'tokens_per_word')

const TOKENIZER_HELP = `${TOKENIZER_FILES} (default, of a manifest only: its own)`
const MANIFEST_SAMPLE_HELP = `instead of a sample, the documents that a manifest's filters keep: ${MANIFEST_HELP}`
const BASELINE_HELP = 'JSON file of an earlier check-coverage; fails if the tokenizer covers the text worse'
const OUTPUT_HELP = 'also write the result to this JSON file, as a baseline for later runs'

export const checkCoverageOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe(TOKENIZER_HELP),
  ...loadOptions,
  manifest: z.string().min(1).optional().describe(MANIFEST_SAMPLE_HELP),
  limit: positive.optional().describe('maximum number of documents to measure; with a manifest, in each component'),
  baseline: z.string().min(1).optional().describe(BASELINE_HELP),
  ...coverageTolerances.shape,
  output: z.string().regex(/\.json$/, 'expected the name of a .json file').optional().describe(OUTPUT_HELP),
  ...sampleOptions,
  ...hubOptions,
  ...recordSourceOptions
}).describe('how well a tokenizer covers text (tokens per word, words that are one token), compared with a baseline')

type CheckCoverageOptions = z.output<typeof checkCoverageOptions>

/** The result of `check-coverage`. The coverage is that of all components together. */
export interface CoverageReport extends Coverage {
  readonly format: 1
  readonly sample: {
    /** The sample or the manifest, as given. */
    readonly from: string
    readonly is: 'files' | 'manifest'
    readonly limit: number | null
    /** The SHA-256 of all measured texts, as UTF-8, with a byte 0xFF after each. */
    readonly sha256: string
  }
  readonly tokenizer: { readonly path: string, readonly sha256: string, readonly vocab_size: number }
  /** The components of a manifest that have words; empty for a sample. */
  readonly components: ReadonlyArray<Coverage & { readonly name: string }>
  readonly baseline: (CoverageComparison & { readonly path: string, readonly tokenizer_sha256: string }) | null
  readonly warnings: readonly string[]
}

/**
 * Measures how well a tokenizer covers a sample, or the documents that a manifest's filters keep; `measureCoverage`
 * describes the figures. If a baseline is named, the figures of all texts together are compared with it.
 *
 * @param sample a path, a glob or `-`; undefined if `manifest` is given
 * @throws SluiceError `ERR_OPTION`, `ERR_MANIFEST`, `ERR_BASELINE`, `ERR_TOKENIZER`, `ERR_CHECKSUM` (a manifest's
 *   tokenizer is not the one that it names), `ERR_OUTPUT_EXISTS` or `ERR_OUTPUT` before anything is read;
 *   `ERR_COVERAGE` when there is no word; a CoverageError (`ERR_COVERAGE`) when text is covered worse than the baseline
 *   allows, after `output` was written; what the source and the filters throw; `ERR_ABORTED`
 */
export async function checkCoverage (
  sample: string | undefined, options: z.input<typeof checkCoverageOptions> = {}, run: RunOptions = {}
): Promise<CoverageReport> {
  return await checkCoverageParsed(sample, parseOptions('check-coverage', checkCoverageOptions, options), run)
}

/** Like `checkCoverage`, with parsed options. */
export async function checkCoverageParsed (
  sample: string | undefined, asked: CheckCoverageOptions, run: RunOptions
): Promise<CoverageReport> {
  const { baseline: baselinePath, output } = asked
  const baseline = baselinePath === undefined ? null : await readCoverageBaseline(baselinePath)
  const input = await inputOf(sample, asked, { ...asked, ...run })
  const { from, is, components, tokenizer } = input
  if (output !== undefined) await checkPlace(output, input, baselinePath)

  const measured = await measure(components, tokenizer, asked, run)
  const whole = coverageOf(measured.parts.map(({ counts }) => counts), from)
  const withWords = measured.parts.filter(({ counts }) => counts.words > 0)
  const warnings = measured.parts.filter(({ counts }) => counts.words === 0)
    .map(({ name, counts }) => `${name}: no word in ${counts.documents} documents; it is left out`)
  if (baseline !== null && measured.sha256 !== baseline.sample.sha256) warnings.push(otherSample(whole, baseline))
  const report: CoverageReport = {
    format: 1,
    sample: { from, is, limit: asked.limit ?? null, sha256: measured.sha256 },
    tokenizer: { path: tokenizer.path, sha256: tokenizer.sha256, vocab_size: tokenizer.vocabSize },
    ...whole,
    components: is === 'files' ? [] : withWords.map(({ name, counts }) => ({ name, ...coverageOf([counts]) })),
    baseline: baseline === null
      ? null
      : {
          path: baselinePath!,
          tokenizer_sha256: baseline.tokenizer.sha256,
          ...compareCoverage(whole, baseline, tolerancesOf(asked))
        },
    warnings
  }
  if (output !== undefined) await writeOwn(output, JSON.stringify(report, null, 2) + '\n', COVERAGE)
  if (report.baseline?.passed === false) throw new CoverageError(report)
  return report
}

/** A tokenizer covers text worse than its baseline allows; `report` has all figures. */
export class CoverageError extends PartialError {
  readonly report: CoverageReport

  constructor (report: CoverageReport) {
    const { sample, tokenizer, baseline } = report
    const worse = baseline!.differences.filter(({ passed }) => !passed).map(coverageDifferenceText)
    const message = `${tokenizer.path}: covers ${sample.from} worse than ${baseline!.path} allows`
    super('ERR_COVERAGE', [message, ...worse].join('\n'), report, { isResult: true })
    this.report = report
  }
}

/** @throws SluiceError when the result would replace an input, or a file of another kind */
async function checkPlace (
  output: string, { from, is, components, tokenizer }: CoverageInput, baseline: string | undefined
): Promise<void> {
  const isManifest = is === 'manifest'
  const inputs = [tokenizer.path, ...(baseline === undefined ? [] : [baseline]), ...(isManifest ? [from] : [])]
  const shards = isManifest ? components.map(({ outputDir }) => outputDir) : []
  checkOutputs([output], [...inputs, ...inputsOf(components).map(({ path }) => path)], { shards })
  await refuseForeign(output, COVERAGE)
  await checkWritable(output)
}

interface Measured {
  readonly parts: ReadonlyArray<{ readonly name: string, readonly counts: CoverageCounts }>
  /** The SHA-256 of all texts. */
  readonly sha256: string
}

/** Reads the components one after the other. Each distinct word is encoded only once. */
async function measure (
  components: readonly FoundComponent[], tokenizer: Tokenizer, reading: ReadOptions, run: RunOptions
): Promise<Measured> {
  const words = new EncodedWords(tokenizer)
  const hash = createHash('sha256')
  const parts: Array<Measured['parts'][number]> = []
  for (const component of components) {
    const meter = new CoverageMeter(words)
    const { source, stages } = documentsOf(component, { tell: run.tell, ...reading })
    const sink = new Writable({
      objectMode: true,
      highWaterMark: 4, // documents of some megabytes each
      write ({ text }: Document, _encoding, done) {
        meter.add(text)
        hash.update(text).update(END_OF_TEXT)
        done()
      }
    })
    await runFlow({ name: component.name, source, tokens: () => meter.counts.tokens }, [...stages, sink], run)
    parts.push({ name: component.name, counts: meter.counts })
  }
  return { parts, sha256: hash.digest('hex') }
}

/** A byte that never occurs in UTF-8, so that different lists of texts never have the same bytes. */
const END_OF_TEXT = Buffer.of(0xff)

function tolerancesOf (options: CheckCoverageOptions): z.output<typeof coverageTolerances> {
  const { maxTokensPerWordIncrease, maxSingleTokenDecrease, maxTwoOrFewerDecrease } = options
  return { maxTokensPerWordIncrease, maxSingleTokenDecrease, maxTwoOrFewerDecrease }
}

function otherSample ({ documents, words }: Coverage, baseline: CoverageBaseline): string {
  return `the text is not the baseline's: ${documents} documents with ${words} words, the baseline has ` +
    `${baseline.documents} with ${baseline.words}; differences may come from that`
}

/** The names of the figures in tables and messages. */
const FIGURES: Readonly<Record<CoverageDifference['figure'], string>> = {
  tokens_per_word: 'tokens a word',
  single_token_share: 'one token',
  two_or_fewer_share: 'two or fewer'
}

/**
 * The result of `check-coverage` as text: a row for each component, one for all of them, and the baseline's figures.
 */
export function coverageText ({ sample, tokenizer, components, baseline, warnings, ...whole }: CoverageReport): string {
  const one = { ...whole, name: components[0]?.name ?? sample.from }
  const parts = components.length < 2 ? [one] : [...components, { ...whole, name: '(all)' }]
  const rows = parts.map(part => {
    return [part.name, number(part.documents), number(part.words), number(part.tokens), ...figuresOf(part)]
  })
  return [
    `tokenizer  ${tokenizer.path}, ${number(tokenizer.vocab_size)} pieces`,
    '',
    table([['', 'documents', 'words', 'tokens', ...Object.values(FIGURES), 'unknown', 'tokens a character'], ...rows]),
    ...(baseline === null ? [] : baselineText(baseline)),
    ...warnings.map(warning => `warning: ${warning}`)
  ].join('\n')
}

function baselineText ({ path, differences }: NonNullable<CoverageReport['baseline']>): string[] {
  return ['', `baseline  ${path}`, ...differences.map(coverageDifferenceText)]
}

/** `one token: 0.71, the baseline has 0.75: -0.04 (at least -0.02)` */
function coverageDifferenceText (compared: CoverageDifference): string {
  const { figure, current, baseline, difference, tolerance, passed } = compared
  const bound = figure === 'tokens_per_word' ? `at most +${tolerance}` : `at least -${tolerance}`
  const change = `${difference < 0 ? '' : '+'}${short(difference)} (${bound})${passed ? '' : ', worse than allowed'}`
  return `${FIGURES[figure]}: ${short(current)}, the baseline has ${short(baseline)}: ${change}`
}

function figuresOf (part: Coverage): string[] {
  const { tokens_per_word: perWord, tokens_per_character: perCharacter } = part
  const shares = [part.single_token_share, part.two_or_fewer_share, part.unknown_share]
  return [perWord.toFixed(4), ...shares.map(share => percent(share, 2)), perCharacter.toFixed(4)]
}

/** Six decimal places, so that a figure just past its tolerance looks different from the tolerance. */
function short (value: number): string {
  return String(Number(value.toFixed(6)))
}
