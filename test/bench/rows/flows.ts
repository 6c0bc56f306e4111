import { join } from 'node:path'
import type { CorpusName } from '../corpora/corpora.ts'
import type { Inputs } from '../frame/inputs.ts'
import type { Bar, Row, Side } from '../frame/row.ts'
import { type MaybeSide, command, orSkipped, prepared, python, withBars, withShards } from './sides.ts'

const LENGTH = { length: { min_chars: 200, max_chars: 100_000 } } as const
const FILTERS = ['normalize', LENGTH, 'dedup'] as const
const WITH_LANGUAGE = ['normalize', LENGTH, { language: { keep: 'en', detector: 'fasttext' } }, 'dedup'] as const

/** Whole commands, from the start of their process to its end. */
export const FLOW_ROWS: readonly Row[] = [
  besideScript('process-mixture', 'web', 13, [], async inputs => {
    const { path } = await inputs.corpus('web')
    const tokenizer = await inputs.models.converted(inputs.tokenizer)
    return python(inputs, { package: 'datatrove' }, 'datatrove', { path, tokenizer, folder: inputs.output })
  }),
  { ...besideScript('encode-mixture', 'large', 12, [{ of: 'cold', wanted: 2 }]), isNamedOnly: true },
  workers('process-mixture-workers', 'process-mixture', FILTERS, 6),
  workers('process-mixture-language', 'process-mixture, fastText', WITH_LANGUAGE, 8),
  starting('version', ['--version'], 'start: --version'),
  starting('length', ['length'], 'start: length')
]

/** One worker, compared with a script that does the same in one thread. */
function besideScript (
  name: string,
  corpus: CorpusName,
  seconds: number,
  bars: readonly Bar[],
  other?: (inputs: Inputs) => Promise<MaybeSide>
): Row {
  return {
    name,
    about: 'process-mixture',
    corpus,
    of: 'text',
    seconds,
    async prepare (inputs) {
      const { path, textBytes } = await inputs.corpus(corpus)
      const { output, tokenizer } = inputs
      const given = { path, model: tokenizer, folder: output }
      const sluice = mixture(inputs, await inputs.manifest(corpus, FILTERS, corpus), 1)
      const needed = { package: 'sentencepiece', with: ['orjson', 'numpy'] } as const
      const script = named('Python script', python(inputs, needed, 'script', given))
      return prepared(
        textBytes,
        withShards(sluice, output),
        withShards(withBars(script, ...bars), output),
        ...other === undefined ? [] : [await orSkipped(async () => await other(inputs))]
      )
    }
  }
}

/** With one worker and two. A mixture of all texts: enough that to start the process hardly counts. */
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
