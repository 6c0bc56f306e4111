/** Each command that reads warns of an empty input, by name. */
import { join } from 'node:path'
import { tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette'
import { type Test, t } from '../tap.ts'
import { gzipSync } from 'node:zlib'
import { checkManifest } from '../../recipes/check.ts'
import { checkCoverage } from '../../recipes/check-coverage.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { run } from '../../recipes/run.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { Threads } from '../../recipes/flow/workers/threads.ts'
import { trainTokenizer } from '../../recipes/train-tokenizer.ts'
import { command } from '../commands.ts'
import { fixture, folderInMemory, isThorough, put } from '../helpers.ts'
import { writeParquet } from '../parquet-writer.ts'

const MODEL = fixture('tiny.model')

type Content = string | Uint8Array | Promise<Uint8Array>

const INPUTS: Readonly<Record<string, readonly [content: () => Content, warning: string]>> = {
  'a.ndjson': [() => '', 'is empty'],
  'b.ndjson': [() => ' \n\n', 'is blank: it has only white space'],
  'a.ndjson.gz': [() => gzipSync(''), 'is empty'],
  'a.json': [() => '[]', 'has no records'],
  'b.json': [() => ' [ \n ] ', 'has no records'],
  'a.csv': [() => 'text,n\n', 'has no records'],
  'b.csv': [() => '', 'is empty'],
  'a.tsv.gz': [() => gzipSync('text\tn\n'), 'has no records'],
  'a.txt': [() => '', 'is empty'],
  'a.parquet': [
    () => writeParquet([{ name: 'text', data: [], type: 'STRING' }], {
      codec: 'UNCOMPRESSED', pageSize: 100, rowGroupSize: [10]
    }),
    'has no records'
  ],
  'a.arrow': [
    () => tableToIPC(tableFromArrays({ text: [] }, { types: { text: utf8() } }), { format: 'file' })!,
    'has no records'
  ],
  'b.arrow': [
    () => tableToIPC(tableFromArrays({ text: [] }, { types: { text: utf8() } }), { format: 'stream' })!,
    'has no records'
  ]
}

/** Compiling the default normalization table takes most of a second. */
const TRAINING = isThorough() ? {} : { normalizationRuleName: 'identity', workers: 1 } as const

/**
 * Each is called with a folder with `a.json`, which has no records, and `mix.yaml`, which names it; most fail, as there
 * is no text.
 */
const COMMANDS: Readonly<Record<string, (folder: string, tell: (message: string) => void) => Promise<unknown>>> = {
  'shard-corpus': (folder, tell) => shardCorpus({
    dataFiles: join(folder, 'a.json'),
    tokenizerPath: MODEL,
    outputDir: join(folder, 'out'),
    logFile: join(folder, 's.json')
  }, { tell }),
  'shard-corpus --output': (folder, tell) =>
    shardCorpus({ dataFiles: join(folder, 'a.json'), output: join(folder, 'raw/a.ndjson') }, { tell }),
  'process-mixture': (folder, tell) =>
    processMixture(join(folder, 'mix.yaml'), { tokenizerPath: MODEL, runsDir: join(folder, 'runs') }, { tell }),
  run: (folder, tell) => run(join(folder, 'mix.yaml'), {
    tokenizerPath: MODEL, runsDir: join(folder, 'runs'), inventory: join(folder, 'i.md')
  }, { tell }),
  'train-tokenizer': (folder, tell) => trainTokenizer({
    dataFiles: join(folder, 'a.json'), vocabSize: 300, ...TRAINING, outputDir: join(folder, 'tokenizer')
  }, { tell }),
  'train-tokenizer --manifest': (folder, tell) => trainTokenizer({
    manifest: join(folder, 'mix.yaml'), vocabSize: 300, ...TRAINING, outputDir: join(folder, 'tokenizer')
  }, { tell }),
  'check-coverage': (folder, tell) => checkCoverage(join(folder, 'a.json'), { tokenizerPath: MODEL }, { tell }),
  'check-coverage --manifest': (folder, tell) =>
    checkCoverage(undefined, { manifest: join(folder, 'mix.yaml'), tokenizerPath: MODEL }, { tell })
}

async function folderWith (t: Test, names: readonly string[]): Promise<string> {
  const folder = folderInMemory(t)
  for (const name of names) put(folder, name, Buffer.from(await INPUTS[name]![0]()))
  put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    datasets: [{ name: 'a', dataset: 'json', data_files: join(folder, 'a.json'), output_dir: join(folder, 'out') }]
  }))
  return folder
}

t.test('every kind of empty input gives a warning, with and without threads', async t => {
  const folder = await folderWith(t, Object.keys(INPUTS))
  const threads = new Threads({ workers: 2, mainWorks: false })
  for (const [name, [, warning]] of Object.entries(INPUTS)) {
    for (const more of isThorough() || name.startsWith('b') ? [{}, { threads }] : [{}]) {
      const told: string[] = []
      await filterCorpus(
        { dataFiles: join(folder, name), targetLang: 'any', outputPath: join(folder, 'out.ndjson') },
        { ...more, tell: message => { told.push(message) } }
      )
      t.ok(told.includes(`warning: ${join(folder, name)} ${warning}`), `${name}: ${told.join('; ')}`)
    }
  }
  await threads.close()
})

t.test('every command that reads warns of empty input', async t => {
  for (const [name, command] of Object.entries(COMMANDS)) {
    const folder = await folderWith(t, ['a.json'])
    const told: string[] = []
    const error: unknown = await command(folder, message => { told.push(message) })
      .then(() => null, (error: unknown) => error)
    t.strictSame(told.filter(message => message.includes('no records')), [`warning: ${join(folder, 'a.json')} ` +
      'has no records'], `${name}: ${String(error)}`)
  }
})

t.test('check, read and the stages of a pipe warn of empty input', async t => {
  const folder = await folderWith(t, ['a.json'])
  const { components, warnings } = await checkManifest(join(folder, 'mix.yaml'), { tokenizerPath: MODEL })
  t.strictSame(
    warnings.filter(warning => warning.includes('no records')), [`${join(folder, 'a.json')} has no records`]
  )
  t.match(components, [{ warnings: ['no document was found in 1 file'] }])
  t.match(await command(['read', join(folder, 'a.json')]), {
    code: 0, stdout: '', stderr: /warning: .*a\.json has no records/
  })
  t.match(await command(['normalize'], { input: '' }), {
    code: 0, stdout: '', stderr: /warning: normalize: standard input is empty/
  })
})
