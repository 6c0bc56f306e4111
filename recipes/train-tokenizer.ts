import { z } from 'zod'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { SluiceError } from '../lib/errors.ts'
import { type OptionsSchema, kebabCase, pickOptions, withDefaults, withoutDefaults } from '../lib/options.ts'
import { modelOptions } from '../lib/trainer/options.ts'
import { corpusComponent, corpusOptions } from './components/corpus.ts'
import { type FindOptions, findComponents } from './components/find.ts'
import { trainingJob } from './components/training-job.ts'
import { type TrainedStats, type TrainingOptions, runTraining } from './components/training.ts'
import type { RunOptions } from './flow/flow.ts'
import { WORKERS_DEFAULT, withThreads, workersOption } from './flow/workers/threads.ts'
import { takeoverOption } from './jobs/checkpoints.ts'
import { type Mixture, inputsOf } from './manifest/found.ts'
import { type Component, componentSchema, tokenizerSchema } from './manifest/schema.ts'
import { MANIFEST_HELP, readMixture } from './mixture/read.ts'

const { limit, rejects, ...datasetOptions } = corpusOptions
const { workers, vocabSize, ...training } = modelOptions.shape
const { modelType } = tokenizerSchema.shape
const { sampleLimit } = componentSchema.shape

/** The options of one dataset; a manifest sets them for each component. */
const datasetFlags = withoutDefaults(datasetOptions)

const trainingFlags = withoutDefaults({
  vocabSize,
  modelType: modelType.describe('kind of model; only unigram ones are trained'),
  ...training
})

const FILES_HELP = datasetOptions.dataFiles.description!
const SAMPLE_HELP = 'documents of each dataset to train on, counted after its filters; 0 = all (default: the ' +
  'manifest\'s sample_limit, else 100000)'
const FOLDER_HELP = 'folder for spm_<vocab>_<type>.model and .vocab (default: the manifest\'s tokenizer_output_dir, ' +
  'else artifacts/tokenizer)'
const STATS_HELP = 'JSON file for the log of the training (default: next to the model, with extension .json)'
const WORKERS_HELP = 'threads that parse, filter and train, including the main thread; at most one per core ' +
  WORKERS_DEFAULT

export const trainTokenizerOptions = z.strictObject({
  manifest: z.string().min(1).optional().describe(`train on its components: ${MANIFEST_HELP}`),
  ...datasetFlags,
  dataFiles: datasetFlags.dataFiles.optional().meta({ several: true, description: FILES_HELP }),
  sampleLimit: sampleLimit.unwrap().optional().describe(SAMPLE_HELP),
  ...trainingFlags,
  outputDir: z.string().min(1).optional().describe(FOLDER_HELP),
  stats: z.string().min(1).optional().describe(STATS_HELP),
  overwrite: z.boolean().default(false).describe('replace a model that was not trained by this command'),
  restart: z.boolean().default(false).describe('train again, even if the model is up to date'),
  takeover: takeoverOption,
  workers: workersOption.describe(WORKERS_HELP)
}).describe('samples of datasets -> a SentencePiece unigram model')

export const trainTokenizerAliases = { python: { logFile: 'stats' } } as const

type Options = z.output<typeof trainTokenizerOptions>

/**
 * Trains a tokenizer on the first documents of each dataset, after its filters. A model that is up to date is not
 * trained again.
 *
 * @returns the content of the stats file
 * @throws SluiceError `ERR_OPTION` for a wrong option, for text without a character, and for text with fewer pieces
 *   than requested; `ERR_MANIFEST`, `ERR_FILES`; `ERR_OUTPUT_EXISTS` for a model that this training did not make;
 *   `ERR_LOCKED`, `ERR_OUTPUT`, `ERR_ABORTED`; what the filters throw. No half-written model is left
 */
export async function trainTokenizer (
  options: WithAliases<z.input<typeof trainTokenizerOptions>, typeof trainTokenizerAliases>, run: RunOptions = {}
): Promise<TrainedStats> {
  const parsed = parseNamed('train-tokenizer', trainTokenizerOptions, options, trainTokenizerAliases)
  return await trainTokenizerParsed(parsed, run)
}

/** Like `trainTokenizer`, with parsed options. */
export async function trainTokenizerParsed (options: Options, run: RunOptions): Promise<TrainedStats> {
  const finding = { ...options, ...run }
  const manifest = await manifestOf(options, finding)
  const job = jobOf(options, manifest)
  const found = manifest?.datasets ?? await findComponents([oneDataset(options)], finding, () => [job.checkpoint])
  const { sampleLimit } = options
  const components = sampleLimit === undefined ? found : found.map(component => ({ ...component, sampleLimit }))
  const train = (context: TrainingOptions): Promise<TrainedStats> => {
    return runTraining({ ...job, manifest, components }, context)
  }
  return await withThreads(inputsOf(components), { ...run, ...options }, train)
}

/** Options that describe one dataset, and apply to those of a manifest too. */
const FOR_ANY_DATASET = ['maxBad', 'maxLineBytes', 'maxRetries', 'timeout']

const NO_DATASET = 'expected the files to train on, a dataset on the Hub, or a manifest'

async function manifestOf (options: Options, finding: FindOptions): Promise<Mixture | null> {
  const { manifest, dataFiles, dataset } = options
  if (manifest === undefined) {
    if (dataFiles !== undefined || dataset !== undefined) return null
    throw new SluiceError('ERR_OPTION', `train-tokenizer.dataFiles: ${NO_DATASET}`)
  }
  const [other] = givenOf(options, datasetFlags).filter(key => !FOR_ANY_DATASET.includes(key))
  if (other !== undefined) {
    const advice = `leave --${kebabCase(other)} or --manifest out`
    const message = `train-tokenizer.${other}: is for one dataset, and the manifest names its own; ${advice}`
    throw new SluiceError('ERR_OPTION', message)
  }
  return await readMixture(manifest, finding)
}

/** The options of a shape that are given. */
function givenOf (options: Options, shape: OptionsSchema['shape']): string[] {
  return Object.entries(pickOptions(options, shape)).flatMap(([key, value]) => value === undefined ? [] : [key])
}

function jobOf (options: Options, manifest: Mixture | null): ReturnType<typeof trainingJob> {
  const asked = Object.entries(pickOptions(options, trainingFlags)).filter(([, value]) => value !== undefined)
  return trainingJob({ ...manifest?.tokenizer, ...Object.fromEntries(asked) }, {
    folder: options.outputDir ?? manifest?.tokenizerOutputDir ?? 'artifacts/tokenizer',
    logFile: options.stats
  })
}

function oneDataset (options: Options): Component {
  return corpusComponent(withDefaults(corpusOptions, options))
}
