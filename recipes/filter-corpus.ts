import { z } from 'zod'
import { parseOptions } from '../lib/options.ts'
import { dedupOptions } from '../transforms/dedup.ts'
import { ANY_LANGUAGE, languageOptions, languagesOfCld3 } from '../transforms/language.ts'
import { lengthOptions } from '../transforms/length.ts'
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

export const filterCorpusOptions = z.strictObject({
  ...corpusOptions,
  targetLang: z.string().default('en').describe('language kept, or several with commas between; any: no language is asked for'),
  langThreshold: languageOptions.shape.threshold,
  langDetector: languageOptions.shape.detector,
  langModel: languageOptions.shape.model,
  ...lengthOptions.shape,
  dedupWindow: dedupOptions.shape.window,
  expectKept: z.number().min(0).max(1).optional().describe('share of the documents that the filters are expected to keep; one 5 times off fails'),
  outputPath: documentsPath.default('data/filtered/output.jsonl').describe('.txt: a text a line; .ndjson, .jsonl, .json: NDJSON; .gz and .zst compress; - is standard output'),
  workers: workersOption,
  ...resumeOptions
}).refine(({ langDetector, langModel }) => langModel === undefined || langDetector === 'fasttext', '`langModel` is for `langDetector` fasttext')
  .refine(({ targetLang, langDetector }) => targetLang !== ANY_LANGUAGE || langDetector === 'cld3', 'with `targetLang` any no language is detected: leave `langDetector` out')
  .superRefine(({ targetLang, langDetector }, context) => { if (langDetector === 'cld3') languagesOfCld3(targetLang, 'targetLang', context) })
  .describe('one dataset -> filtered, deduplicated text or NDJSON')

/** What `filterCorpus` has read, dropped and written. */
export interface FilterCorpusStats extends DocumentCounts {
  readonly name: string
  readonly output_path: string
  readonly seconds: number
}

/**
 * Normalizes a dataset, keeps documents of the right length and language, drops duplicates, and writes what is left.
 *
 * A run that was stopped goes on from its last checkpoint, `<output>.checkpoint.json`.
 *
 * @throws SluiceError `ERR_OPTION`, `ERR_EXPECTED`, `ERR_LOCKED`, `ERR_CHECKPOINT`, and what its stages throw; what the
 *   last checkpoint tells of is kept then
 */
export async function filterCorpus (options: z.input<typeof filterCorpusOptions>, run: RunOptions = {}): Promise<FilterCorpusStats> {
  const checked = parseOptions('filter-corpus', filterCorpusOptions, options)
  const { targetLang, langThreshold: threshold, langDetector: detector, langModel: model, minChars, maxChars, dedupWindow, expectKept, outputPath } = checked
  const filtered = corpusComponent(checked, [
    { stage: 'normalize', options: {} },
    { stage: 'length', options: { minChars, maxChars } },
    ...(targetLang === ANY_LANGUAGE ? [] : [await withModel({ stage: 'language', options: parseOptions('language', languageOptions, { keep: targetLang, threshold, detector, model }) })]),
    { stage: 'dedup', options: { window: dedupWindow } }
  ])
  const component = await findComponent({ ...filtered, expect: expectKept === undefined ? null : { kept: expectKept } }, { ...checked, ...run }, [checkpointOf(outputPath)])
  await checkOutputs(writtenFiles(outputPath, component.rejects), component.files.map(({ path }) => path))
  return { name: component.name, output_path: outputPath, ...await writeDocuments(component, outputPath, { ...run, ...checked }) }
}
