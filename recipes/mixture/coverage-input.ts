import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { kebabCase, pickOptions, withDefaults } from '../../lib/options.ts'
import { formatByNames } from '../../lib/records/format.ts'
import { type LoadOptions, tokenizerOptionsOf } from '../../lib/tokenizer/options.ts'
import { type Tokenizer, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { corpusComponent, corpusOptions } from '../components/corpus.ts'
import { type FindOptions, findComponent } from '../components/find.ts'
import type { FoundComponent, Mixture } from '../manifest/found.ts'
import type { Component } from '../manifest/schema.ts'
import { anySourceOptions, sources } from '../stages.ts'
import { loadMixture } from './mixture.ts'
import { readMixture } from './read.ts'

/** The options of all sources, except the one that only affects `meta`. */
const { columns, ...readingOptions } = anySourceOptions

const DATASET_HELP = 'format of the sample\'s files (default: by their extensions; json, unless it is .txt, .csv, ' +
  '.tsv, .parquet or .arrow)'
const TEXT_COLUMN_HELP = 'field of a record that holds its text, or the path to it: data.text, messages[].content ' +
  '(default: text)'
/** How a sample's files are read; a manifest sets this for each component. */
export const sampleOptions = {
  dataset: z.enum(Object.keys(sources)).optional().describe(DATASET_HELP),
  textColumn: z.string().min(1).optional().describe(TEXT_COLUMN_HELP),
  ...readingOptions
}

/** What names the input of `check-coverage`. */
interface AskedInput extends z.output<z.ZodObject<typeof sampleOptions>>, LoadOptions {
  readonly manifest?: string | undefined
  readonly tokenizerPath?: string | undefined
  readonly limit?: number | undefined
}

/** The texts that a coverage is measured on, and the tokenizer. */
export interface CoverageInput {
  readonly from: string
  readonly is: 'files' | 'manifest'
  readonly components: readonly FoundComponent[]
  readonly tokenizer: Tokenizer
}

/**
 * Finds what is measured, and loads the tokenizer.
 *
 * @param sample a path, a glob or `-`; undefined where a manifest is given
 * @throws SluiceError `ERR_OPTION` unless there is either a sample, with a tokenizer, or a manifest; as reading them
 */
export async function inputOf (
  sample: string | undefined, asked: AskedInput, finding: FindOptions
): Promise<CoverageInput> {
  const { manifest: path, tokenizerPath, limit } = asked
  if ((sample === undefined) === (path === undefined)) {
    throw new SluiceError('ERR_OPTION', 'check-coverage: expected either a sample file or a manifest (--manifest)')
  }
  if (sample !== undefined) {
    if (tokenizerPath === undefined) throw new SluiceError('ERR_OPTION', NO_TOKENIZER)
    const components = [await findComponent(sampleComponent(sample, asked), finding)]
    const tokenizer = await loadTokenizer(tokenizerPath, tokenizerOptionsOf(asked))
    return { from: sample, is: 'files', components, tokenizer }
  }
  const [foreign] = Object.entries(pickOptions(asked, sampleOptions)).find(([, value]) => value !== undefined) ?? []
  if (foreign !== undefined) throw new SluiceError('ERR_OPTION', onlyForSamples(foreign))
  // The manifest's `sha256` doesn't apply to a tokenizer that is named: this command compares tokenizers.
  const { manifest, tokenizer } = tokenizerPath === undefined
    ? await loadMixture(path!, asked, undefined, finding)
    : await withOtherTokenizer(await readMixture(path!, finding), tokenizerPath, asked)
  const components = manifest.datasets
    .map(component => ({ ...component, maxRecords: least(component.maxRecords, limit) }))
  return { from: path!, is: 'manifest', components, tokenizer }
}

async function withOtherTokenizer (
  manifest: Mixture, path: string, asked: LoadOptions
): Promise<{ readonly manifest: Mixture, readonly tokenizer: Tokenizer }> {
  return { manifest, tokenizer: await loadTokenizer(path, tokenizerOptionsOf(asked, manifest.tokenizer)) }
}

const NO_TOKENIZER = 'check-coverage.tokenizerPath: it is missing, expected the tokenizer to measure (--tokenizer-path)'

function onlyForSamples (option: string): string {
  return `check-coverage.${option}: is for a sample file (--${kebabCase(option)}); the manifest has how its ` +
    'components are read'
}

function sampleComponent (sample: string, asked: AskedInput): Component {
  const { dataset = formatByNames(sample) } = asked
  return { ...corpusComponent(withDefaults(corpusOptions, { ...asked, dataset, dataFiles: sample })), name: sample }
}

function least (a: number | null, b: number | undefined): number | null {
  return a === null || b === undefined ? a ?? b ?? null : Math.min(a, b)
}
