import { textKind } from '../../lib/output/own-file.ts'
import { bytesPerId } from '../../lib/shards/npy.ts'
import { type Trainer, WRITTEN, head, idTypeOf, rounded } from './config-trainer.ts'
import { yamlText } from './config-yaml.ts'

const NAME = 'nanotron'

/** https://github.com/huggingface/nanotron: a stage of `data_stages`, whose dataset is a `NanosetDatasetsArgs`. */
export const nanotron: Trainer = {
  format: 'ds',
  kind: textKind(`a configuration for ${NAME} by sluice`, new RegExp(`^# ${WRITTEN} for ${NAME},`)),
  notes: () => [],
  write (data, { batchSize, numWorkers, seed }) {
    const { sources, seqLen } = data
    const { vocab_size: vocabSize } = sources[0]!.stats
    const dataset = {
      dataset_folder: sources.map(({ folder }) => folder),
      dataset_weights: sources.map(({ weight }) => rounded(weight)),
      vocab_size: vocabSize,
      token_size_in_bytes: bytesPerId(idTypeOf(data, 'ds')),
      return_positions: true
    }
    const stage = {
      name: 'Training',
      start_training_step: 1,
      sequence_length: seqLen,
      data: { dataset, num_loading_workers: numWorkers, seed }
    }
    const steps = Math.ceil(data.samples / batchSize)
    const advice = `tokens.train_steps: ${steps} with ${batchSize} sequences in a batch.`
    return head(data, NAME, [advice]) + yamlText({ data_stages: [stage] })
  }
}
