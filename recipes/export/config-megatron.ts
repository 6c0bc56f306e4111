import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError, allInOrder } from '../../lib/errors.ts'
import { jsonKind } from '../../lib/output/own-file.ts'
import { type ConfigData, type ConfigSettings, type Trainer, type WeightedSource, rounded } from './config-trainer.ts'

/** https://github.com/NVIDIA/Megatron-LM: the file of `--per-split-data-args-path`. */
export const megatron: Trainer = {
  format: 'megatron',
  kind: jsonKind('a configuration for megatron', 'train', 'valid', 'test'),
  notes: (data, settings) => [`Pass it as --per-split-data-args-path, with ${argumentsOf(data, settings)}.`],
  async write ({ sources, validation, commands }) {
    const train = await allInOrder(sources.map(source => blendOf(source, commands)))
    const valid = validation === null ? null : await blendOf(validation, commands)
    return JSON.stringify({ train: train.flat(), valid, test: null }, null, 2) + '\n'
  }
}

function argumentsOf ({ seqLen, samples }: ConfigData, { batchSize, numWorkers, seed }: ConfigSettings): string {
  const sizes = `--seq-length ${seqLen} --train-samples ${samples} --micro-batch-size ${batchSize}`
  return `${sizes} --num-workers ${numWorkers} --seed ${seed}`
}

/**
 * The weight and the path of each file of a source, without its extension. A file's weight is its share of the ids.
 *
 * @throws SluiceError `ERR_FILES` when there are none
 */
async function blendOf ({ name, folder, weight }: WeightedSource, commands: readonly string[]): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  const files = await allInOrder(names.filter(name => name.endsWith('.bin')).sort().map(async name => {
    const path = join(folder, name)
    return { prefix: path.slice(0, -'.bin'.length), bytes: (await stat(path)).size }
  }))
  if (files.length === 0) {
    const makes = commands.length === 0 ? 'make the shards again' : `run ${commands.join(' && ')} first`
    throw new SluiceError('ERR_FILES', `${folder}: has no shards of ${name} in the format of megatron, whose ` +
      `configuration lists each file; ${makes}`)
  }
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0)
  return files.flatMap(({ prefix, bytes }) => [String(rounded(weight * bytes / all)), prefix])
}
