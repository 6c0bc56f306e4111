import type { CorpusName } from '../corpora/corpora.ts'
import type { Inputs } from '../frame/inputs.ts'
import type { Row } from '../frame/row.ts'
import { type MaybeSide, limit, ours, prepared, python } from './sides.ts'

const SEQUENCES = 8192
const SHARD_BYTES = SEQUENCES * 2048 * 4

/** Single stages, with input from memory. */
export const STAGE_ROWS: readonly Row[] = [
  stage('normalize', 'mixed', 2, (path, inputs) => [
    ours('stages.normalize', { path, isWarmWanted: true }),
    python(inputs, { name: 'Python str.split, join' }, 'normalize', { path })
  ]),
  stage('length', 'mixed', 1.5, (path, inputs) => [
    ours('stages.length', { path, isWarmWanted: true }),
    python(inputs, { name: 'Python len' }, 'length', { path })
  ]),
  stage('language', 'prose', 4, (path, inputs) => [
    ours('stages.language', { path, detector: 'fasttext' }, 'sluice, fastText'),
    ours('stages.language', { path, detector: 'cld3' }, 'sluice, cld3'),
    python(inputs, { package: 'fasttext-numpy2-wheel' }, 'language', { path, model: inputs.languageModel() })
  ]),
  stage('dedup', 'mixed', 2, (path, inputs) => [
    ours('stages.dedup', { path, isWarmWanted: true }),
    python(inputs, { name: 'Python set of hashes' }, 'dedup', { path })
  ]),
  stage('pack', 'mixed', 1.5, path => [ours('stages.pack', { path, isWarmWanted: true })]),
  {
    name: 'npy',
    about: 'write .npy shards',
    corpus: null,
    of: 'shards',
    seconds: 2,
    async prepare (inputs) {
      const given = { folder: inputs.output, sequences: SEQUENCES }
      return await Promise.resolve(prepared(
        SHARD_BYTES,
        ours('stages.npy', given),
        python(inputs, { package: 'numpy' }, 'write_npy', given),
        limit('SHA-256', 'limits.sha256', { bytes: SHARD_BYTES })
      ))
    }
  }
]

function stage (
  name: string,
  corpus: CorpusName,
  seconds: number,
  sides: (path: string, inputs: Inputs) => readonly MaybeSide[]
): Row {
  return {
    name,
    about: name,
    corpus,
    of: 'text',
    seconds,
    async prepare (inputs) {
      const { path, textBytes } = await inputs.corpus(corpus)
      return prepared(textBytes, ...sides(path, inputs))
    }
  }
}
