/** Records in a field of a file, and texts within columns, of datasets on a stand-in Hub. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { failure, fixture, folderInMemory, put } from '../helpers.ts'
import type { RepoOptions } from '../hub/types.ts'
import { writeParquet } from '../parquet-writer.ts'
import { hubFor } from './hub-datasets.ts'

const pulled = (path: string): Document[] =>
  readFileSync(path, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as Document)
const FILES = {
  'squad.json': '{\n "version": "1.1",\n "data": [\n  {"text": "one", "n": 1},\n  {"text": "two"}\n ]\n}\n'
}
const FIELD: RepoOptions = {
  name: 'some/field',
  files: {
    ...FILES,
    'README.md': '---\nlicense: mit\nconfigs:\n- config_name: default\n  data_files: squad.json\n  field: data\n---\n'
  }
}
const SEPARATORS: RepoOptions = {
  name: 'some/separators',
  files: {
    'a.csv': 'n|text\n1|one\n',
    'README.md': '---\nconfigs:\n- config_name: default\n  data_files: a.csv\n  sep: "||"\n---\n'
  }
}
const NO_FIELD: RepoOptions = { name: 'some/plain', files: FILES }

t.test('the text field is that of the card, or of the user, in options and in a manifest', async t => {
  await hubFor(t, [FIELD, NO_FIELD])
  const folder = folderInMemory(t)
  const output = join(folder, 'raw.ndjson')
  const texts = async (options: object): Promise<string[]> => {
    await shardCorpus({ output, ...options })
    return pulled(output).map(({ text }) => text)
  }
  t.strictSame(await texts({ dataset: 'some/field' }), ['one', 'two'])
  t.strictSame(await texts({ dataset: 'some/plain', field: 'data' }), ['one', 'two'])
  t.match(await failure(shardCorpus({ output, dataset: 'some/plain' })), {
    code: 'ERR_SOURCE', message: /\(--field, field\)/
  })
  const local = put(folder, 'local.json', FILES['squad.json'])
  t.strictSame(await texts({ dataFiles: local, field: 'data' }), ['one', 'two'])
  const manifest = put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    datasets: [
      ['card', { dataset: 'some/field' }],
      ['asked', { dataset: 'some/plain', field: 'data' }],
      ['file', { dataset: 'json', data_files: local, field: 'data' }]
    ]
      .map(([name, more]) => ({
        name, ...more as object, filtered_dir: join(folder, 'filtered'), output_dir: join(folder, name as string)
      }))
  }))
  const { stats } = await processMixture(manifest, {
    tokenizerPath: fixture('tiny.model'), runsDir: join(folder, 'runs')
  })
  t.strictSame(stats.map(({ name, records }) => [name, records]), [['card', 2], ['asked', 2], ['file', 2]])
})

t.test('a delimiter of a card that is none is refused, unless the user names another', async t => {
  await hubFor(t, [SEPARATORS])
  const output = join(folderInMemory(t), 'raw.ndjson')
  t.match(await failure(shardCorpus({ output, dataset: 'some/separators' })), {
    code: 'ERR_OPTION', message: /the card of some\/separators\.delimiter: expected one ASCII character, .* got "\|\|"$/
  })
  await shardCorpus({ output, dataset: 'some/separators', delimiter: '|' })
  t.match(pulled(output), [{ text: 'one', meta: { n: '1' } }])
})

t.test('a nested text in a column of parquet, next to the columns that state licences', async t => {
  const parquet = await writeParquet([
    { name: 'data', data: [{ text: 'one', n: 1 }, { text: 'two', n: 2 }] },
    { name: 'license', data: ['mit', 'cc0-1.0'] }
  ], {
    codec: 'UNCOMPRESSED',
    pageSize: 1000,
    rowGroupSize: [10],
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'data', repetition_type: 'OPTIONAL', num_children: 2 },
      { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'n', type: 'INT32', repetition_type: 'OPTIONAL' },
      { name: 'license', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }
    ]
  })
  await hubFor(t, [{
    name: 'some/nested',
    files: {
      'README.md': '---\nlicense: mit\ndataset_info:\n  features:\n  - name: data\n    struct:\n    - name: ' +
        'text\n      dtype: string\n  - name: license\n    dtype: string\n---\n',
      'train.parquet': parquet
    }
  }])
  const output = join(folderInMemory(t), 'raw.ndjson')
  await shardCorpus({ output, dataset: 'some/nested', textColumn: 'data.text' })
  t.match(pulled(output), [{ text: 'one', meta: { license: 'mit' } }, { text: 'two', meta: { license: 'cc0-1.0' } }])
  await shardCorpus({ output, dataset: 'some/nested', textColumn: 'data.text', ...{ columns: 'data' }, restart: true })
  t.match(pulled(output), [{ text: 'one', meta: { data: { n: 1 } } }, { text: 'two', meta: { data: { n: 2 } } }])
  t.match(
    await failure(shardCorpus({ output, dataset: 'some/nested', textColumn: 'data.body', restart: true })),
    { code: 'ERR_SOURCE', message: /column data: there is no field body in it; it has text, n/ }
  )
})
