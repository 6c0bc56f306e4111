import { join } from 'node:path'
import type { Inputs } from '../frame/inputs.ts'
import type { Row, Side } from '../frame/row.ts'
import { type MaybeSide, command, orSkipped, prepared, python } from './sides.ts'

const LENGTH = { length: { min_chars: 200, max_chars: 100_000 } } as const
const FILTERS = ['normalize', LENGTH, 'dedup'] as const
const WITH_LANGUAGE = ['normalize', LENGTH, { language: { keep: 'en', detector: 'fasttext' } }, 'dedup'] as const

/** Whole commands, from the start of their process to its end. */
export const FLOW_ROWS: readonly Row[] = [
  {
    name: 'process-mixture',
    about: 'process-mixture',
    corpus: 'web',
    of: 'text',
    seconds: 13,
    async prepare (inputs) {
      const { path, textBytes } = await inputs.corpus('web')
      const given = { path, model: inputs.tokenizer, folder: inputs.output }
      return prepared(
        textBytes,
        mixture(inputs, await inputs.manifest('web', FILTERS, 'web'), 1),
        named('Python script', python(inputs, { package: 'sentencepiece' }, 'script', given)),
        await orSkipped(async () => {
          const tokenizer = await inputs.tokenizerJson(inputs.tokenizer, 'unigram')
          return python(inputs, { package: 'datatrove' }, 'datatrove', { path, tokenizer, folder: inputs.output })
        })
      )
    }
  },
  workers('process-mixture-workers', 'process-mixture', FILTERS, 6),
  workers('process-mixture-language', 'process-mixture, fastText', WITH_LANGUAGE, 8),
  starting('version', ['--version'], 'start: --version'),
  starting('length', ['length'], 'start: length')
]

/** With one worker and two, on a mixture of all texts, so that the start of the process hardly counts. */
function workers (name: string, about: string, filters: readonly unknown[], seconds: number): Row {
  return {
    name,
    about,
    corpus: 'mixed',
    of: 'text',
    seconds,
    async prepare (inputs) {
      const { textBytes } = await inputs.corpus('mixed')
      const manifest = await inputs.manifest('mixed', filters, name)
      return prepared(textBytes, mixture(inputs, manifest, 1), mixture(inputs, manifest, 2))
    }
  }
}

function mixture ({ output, tokenizer }: Inputs, manifest: string, workers: number): Side {
  const [stats, runs] = [join(output, 'stats.json'), join(output, 'runs')]
  const paths = ['--tokenizer-path', tokenizer, '--log-file', stats, '--runs-dir', runs]
  const name = `sluice, ${workers} worker${workers === 1 ? '' : 's'}`
  return command(['process-mixture', manifest, ...paths, '--workers', String(workers)], name)
}

function named (name: string, side: MaybeSide): MaybeSide {
  return 'skipped' in side ? side : { ...side, name: `${name}, ${side.name}` }
}

function starting (name: string, args: readonly string[], about: string): Row {
  const node: Side = { name: 'node -e 0', kind: 'limit', work: { kind: 'program', args: ['-e', '0'] } }
  return {
    name: `start-${name}`,
    about,
    corpus: null,
    of: null,
    seconds: 0.6,
    prepare: async () => await Promise.resolve(prepared(null, command(args), node))
  }
}
