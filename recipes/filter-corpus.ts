import { z } from 'zod'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { dedupOptions } from '../transforms/dedup.ts'
import { ANY_LANGUAGE, languageOptions, languagesOfCld3 } from '../transforms/language.ts'
import { lengthOptions, lengthRule } from '../transforms/length.ts'
import { corpusComponent, corpusOptions, documentsPath } from './components/corpus.ts'
import { findComponent } from './components/find.ts'
import { checkpointOf, writtenFiles } from './components/paths.ts'
import { writeDocuments } from './components/write-documents.ts'
import type { DocumentCounts } from './flow/counts.ts'
import type { RunOptions } from './flow/flow.ts'
import { workersOption } from './flow/workers/threads.ts'
import { resumeOptions } from './jobs/checkpoints.ts'
import { checkOutputs } from './jobs/places.ts'
import { withModel } from './stages.ts'

const { keep, threshold, detector, model } = languageOptions.shape

const KEEP_HELP = 'language to keep, or several separated by commas, as BCP 47 tags such as en or zh-Latn; any keeps ' +
  'all, without detection'
const EXPECT_HELP = 'share of the documents that the filters are expected to keep; the run fails if it is off by ' +
  'more than a factor of 5'
const OUTPUT_HELP = '.txt: one text per line; .ndjson, .jsonl, .json: NDJSON; .gz and .zst compress; .parquet: ' +
  'columns id, text and meta; - is standard output'

export const filterCorpusOptions = z.strictObject({
  ...corpusOptions,
  keep: keep.meta({ several: false, description: KEEP_HELP }), // takes one value: the next argument is a file
  threshold,
  detector,
  model,
  ...lengthOptions.shape,
  window: dedupOptions.shape.window,
  expectKept: z.number().min(0).max(1).optional().describe(EXPECT_HELP),
  output: documentsPath.default('data/filtered/output.jsonl').describe(OUTPUT_HELP),
  workers: workersOption,
  ...resumeOptions
})
  .refine(...lengthRule)
  .refine(({ detector, model }) => model === undefined || detector === 'fasttext', '`model` is for `detector` fasttext')
  .refine(({ keep, detector }) => !keepsAny(keep) || detector === 'cld3',
    'with `keep` any, no language is detected: leave `detector` out')
  .superRefine(({ keep, detector }, context) => { if (detector === 'cld3') languagesOfCld3(keep, 'keep', context) })
  .describe('one dataset -> filtered, deduplicated text or NDJSON')

export const filterCorpusAliases = {
  python: { outputPath: 'output', targetLang: 'keep', langThreshold: 'threshold', dedupWindow: 'window' },
  former: { langDetector: 'detector', langModel: 'model' }
} as const

/** The result of `filterCorpus`: what it read, dropped and wrote. */
export interface FilterCorpusStats extends DocumentCounts {
  readonly name: string
  readonly output_path: string
  readonly seconds: number
}

/**
 * Normalizes a dataset, keeps documents of the right length and language, drops duplicates, and writes what is left.
 *
 * A run that was stopped resumes from its last checkpoint, `<output>.checkpoint.json`.
 *
 * @throws SluiceError `ERR_OPTION`, `ERR_EXPECTED`, `ERR_LOCKED`, `ERR_CHECKPOINT`, and what its stages throw; output
 *   that the last checkpoint covers is kept
 */
export async function filterCorpus (
  options: WithAliases<z.input<typeof filterCorpusOptions>, typeof filterCorpusAliases>, run: RunOptions = {}
): Promise<FilterCorpusStats> {
  return await filterCorpusParsed(parseNamed('filter-corpus', filterCorpusOptions, options, filterCorpusAliases), run)
}

/** Like `filterCorpus`, with parsed options. */
export async function filterCorpusParsed (
  given: z.output<typeof filterCorpusOptions>, run: RunOptions
): Promise<FilterCorpusStats> {
  const { keep, threshold, detector, model, minChars, maxChars, window, expectKept, output, ...options } = given
  const language: z.output<typeof languageOptions> = { keep, threshold, detector, model, record: false }
  const filtered = corpusComponent(options, [
    { stage: 'normalize', options: {} },
    { stage: 'length', options: { minChars, maxChars } },
    ...(keepsAny(keep) ? [] : [await withModel({ stage: 'language', options: language })]),
    { stage: 'dedup', options: { window } }
  ])
  const expect = expectKept === undefined ? null : { kept: expectKept }
  const component = await findComponent({ ...filtered, expect }, { ...options, ...run }, [checkpointOf(output)])
  checkOutputs(writtenFiles(output, component.rejects), component.files.map(({ path }) => path))
  const counts = await writeDocuments(component, output, { ...run, ...options })
  return { name: component.name, output_path: output, ...counts }
}

function keepsAny (keep: string | readonly string[]): boolean {
  return [keep].flat().includes(ANY_LANGUAGE)
}
