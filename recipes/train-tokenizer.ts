import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { kebabCase, parseOptions, withoutDefaults } from '../lib/options.ts'
import { modelOptions } from '../lib/trainer/options.ts'
import { corpusComponent, corpusOptions } from './components/corpus.ts'
import { type FindOptions, findComponents } from './components/find.ts'
import { trainingJob } from './components/training-job.ts'
import { type TrainedStats, runTraining } from './components/training.ts'
import type { RunOptions } from './flow/flow.ts'
import { withThreads, workersOption } from './flow/workers/threads.ts'
import { type Mixture, inputsOf } from './manifest/found.ts'
import { type Component, componentSchema, tokenizerSchema } from './manifest/schema.ts'
import { MANIFEST_HELP, readMixture } from './mixture/read.ts'

const { limit, rejects, ...datasetOptions } = corpusOptions
const { workers, vocabSize, ...training } = modelOptions.shape
const { modelType } = tokenizerSchema.shape
const { sampleLimit } = componentSchema.shape

/** What is told of one dataset: with a manifest, that tells of all. */
const datasetFlags = withoutDefaults(datasetOptions)

const trainingFlags = withoutDefaults({ vocabSize, modelType: modelType.describe('kind of model; only unigram ones are trained'), ...training })

export const trainTokenizerOptions = z.strictObject({
  manifest: z.string().min(1).optional().describe(`${MANIFEST_HELP}. Its components are what is learned from`),
  ...datasetFlags,
  dataFiles: datasetFlags.dataFiles.optional().meta({ several: true, description: datasetOptions.dataFiles.description! }),
  sampleLimit: sampleLimit.unwrap().optional().describe('documents of each dataset that are learned from, behind its filters; 0 = all (default: the manifest\'s sample_limit, else 100000)'),
  ...trainingFlags,
  outputDir: z.string().min(1).optional().describe('where the model goes, as spm_<vocab>_<type>.model, and .vocab (default: the manifest\'s tokenizer_output_dir, else artifacts/tokenizer)'),
  logFile: z.string().min(1).optional().describe('what it was trained on, as JSON (default: beside the model, .json)'),
  overwrite: z.boolean().default(false).describe('replace a model that was not trained by this command'),
  restart: z.boolean().default(false).describe('train again, though the model is up to date'),
  workers: workersOption.describe('threads that parse, filter and train, the main one among them; at most as many as there are cores (default: so many, and no other for less than 8 MB)')
}).describe('samples of datasets -> a SentencePiece unigram model')

type Options = z.output<typeof trainTokenizerOptions>

/**
 * Trains a tokenizer on the first documents of each dataset, behind its filters. A model that was trained on the same,
 * as it is now, is not trained again.
 *
 * @returns what the log has
 * @throws SluiceError `ERR_OPTION` for a wrong option, for text without a character, and where it gives fewer pieces
 *   than asked for, with how many; `ERR_MANIFEST`, `ERR_FILES`; `ERR_OUTPUT_EXISTS` for a model that was made
 *   otherwise; `ERR_LOCKED`, `ERR_OUTPUT`, `ERR_ABORTED`; what the filters throw. No half-written model is left
 */
export async function trainTokenizer (given: z.input<typeof trainTokenizerOptions>, run: RunOptions = {}): Promise<TrainedStats> {
  const options = parseOptions('train-tokenizer', trainTokenizerOptions, given)
  const finding = { ...options, ...run }
  const manifest = await manifestOf(options, finding)
  const asked = jobOf(options, manifest)
  const found = manifest?.datasets ?? await findComponents([oneDataset(options)], finding, () => [asked.checkpoint])
  const components = options.sampleLimit === undefined ? found : found.map(component => ({ ...component, sampleLimit: options.sampleLimit! }))
  return await withThreads(inputsOf(components), { ...run, ...options }, context => runTraining({ ...asked, manifest, components }, context))
}

async function manifestOf (options: Options, finding: FindOptions): Promise<Mixture | null> {
  const { manifest, dataFiles, dataset } = options
  if (manifest === undefined) {
    if (dataFiles === undefined && dataset === undefined) throw new SluiceError('ERR_OPTION', 'train-tokenizer.dataFiles: expected the files to learn from, a dataset on the Hub, or a manifest')
    return null
  }
  const other = Object.keys(datasetFlags).find(key => options[key as keyof Options] !== undefined && !['maxBad', 'maxLineBytes', 'maxRetries', 'timeout'].includes(key))
  if (other !== undefined) throw new SluiceError('ERR_OPTION', `train-tokenizer.${other}: is for one dataset, and the manifest names its own; leave --${kebabCase(other)} or --manifest out`)
  return await readMixture(manifest, finding)
}

function jobOf (options: Options, manifest: Mixture | null): ReturnType<typeof trainingJob> {
  const asked = Object.fromEntries(Object.keys(trainingFlags).flatMap(key => options[key as keyof Options] === undefined ? [] : [[key, options[key as keyof Options]]]))
  return trainingJob({ ...manifest?.tokenizer, ...asked }, {
    folder: options.outputDir ?? manifest?.tokenizerOutputDir ?? 'artifacts/tokenizer',
    logFile: options.logFile
  })
}

function oneDataset (options: Options): Component {
  const given = Object.fromEntries(Object.keys(datasetOptions).flatMap(key => options[key as keyof Options] === undefined ? [] : [[key, options[key as keyof Options]]]))
  return corpusComponent(parseOptions('train-tokenizer', z.object(corpusOptions), given))
}
