import { join } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import { textKind } from '../../lib/output/own-file.ts'
import { type ConfigData, type Trainer, type WeightedSource, WRITTEN, head, idTypeOf } from './config-trainer.ts'
import { yamlText } from './config-yaml.ts'

const NAME = 'olmo-core'
const USE = [
  'NumpyFSLDatasetConfig.from_dict(config["dataset"])',
  'NumpyDataLoaderConfig.from_dict(config["data_loader"])'
]

/** https://github.com/allenai/OLMo-core: the fields of its `NumpyFSLDatasetConfig` and `NumpyDataLoaderConfig`. */
export const olmoCore: Trainer = {
  format: 'olmo',
  kind: textKind(`a configuration for ${NAME} by sluice`, new RegExp(`^# ${WRITTEN} for ${NAME},`)),
  notes: () => [],
  write (data, { batchSize, numWorkers, seed }) {
    const batch = batchSize * data.seqLen
    const common = datasetOf(data)
    const dataset = data.isMixed
      ? { ...common, ...filesOf(data.sources[0]!) }
      : { ...common, source_mixture_config: mixtureOf(data, batch, seed) }
    const validation = data.validation === null
      ? {}
      : { validation_dataset: { ...common, ...filesOf(data.validation) } }
    const loader = { global_batch_size: batch, seed, num_workers: numWorkers }
    return head(data, NAME, USE) + yamlText({ dataset, ...validation, data_loader: loader })
  }
}

function datasetOf (data: ConfigData): object {
  const { sources, seqLen } = data
  const { name, vocab_size: vocabSize, eos_id: eosId, pad_id: padId = eosId } = sources[0]!.stats
  if (eosId === undefined) {
    throw new SluiceError('ERR_STATS', `export-config: the stats of ${name} have no eos_id, which ${NAME} needs; ` +
      'make the shards again')
  }
  return {
    tokenizer: { vocab_size: vocabSize, eos_token_id: eosId, pad_token_id: padId },
    sequence_length: seqLen,
    // Without it, its reader takes 8 bits for a vocabulary of up to 256 pieces.
    dtype: idTypeOf(data, 'olmo')
  }
}

function mixtureOf ({ sources, tokens }: ConfigData, batch: number, seed: number): object {
  const list = sources.map(({ name, folder, weight, epochs, maxEpochs }) => ({
    source_name: name,
    target_ratio: weight,
    paths: [join(folder, '*.npy')],
    // At least 1, and a whole number where the manifest sets no limit.
    max_repetition_ratio: Math.max(1, maxEpochs ?? Math.ceil(epochs))
  }))
  return { source_list: { sources: list }, requested_tokens: tokens, global_batch_size: batch, seed }
}

function filesOf ({ folder }: WeightedSource): object {
  return { paths: [join(folder, '*.npy')], expand_glob: true }
}
