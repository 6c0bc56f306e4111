import { homedir } from 'node:os'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { readCoverageBaseline } from '../../lib/tokenizer/baseline.ts'
import { codeOf, messageOf } from '../../lib/errors.ts'
import { readFastText } from '../../lib/fasttext/model.ts'
import { findModel } from '../../lib/fasttext/model-use.ts'
import { notLocal, notLocalOutput } from '../../lib/not-local.ts'
import { checkOutputs } from '../../recipes/jobs/places.ts'
import { readShardHeader } from '../../lib/shards/reader.ts'
import { findStageModule } from '../../lib/stage/module.ts'
import { readStats } from '../../lib/shards/stats.ts'
import { readTokenizerFile } from '../../lib/tokenizer/files.ts'
import { readRun } from '../../recipes/history/read.ts'
import { readMixture } from '../../recipes/mixture/read.ts'
import { failure, thrownBy, put, temporaryFolder } from '../helpers.ts'

const readers: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  'a tokenizer': readTokenizerFile,
  'a model of a filter': findModel,
  'a model of fastText': readFastText,
  'the stats of a run': readStats,
  'a baseline': readCoverageBaseline,
  'a shard': readShardHeader,
  'a custom stage': findStageModule,
  'the record of a run': readRun,
  'a manifest': path => readMixture(path)
}

for (const [what, read] of Object.entries(readers)) {
  t.test(`an address in place of ${what} is refused with a hint`, async t => {
    for (const [name, says] of [
      [
        'https://me:secret@example.org/a.file',
        /^https:\/\/\S*example\.org\/a\.file: is a URL, expected a path; download the file first$/
      ],
      ['s3://bucket/a.file', /^s3:\/\/bucket\/a\.file: is a URL, expected a path; download the file first$/],
      ['file:///data/a%20b', /is a URL, expected a path: \/data\/a b$/],
      ['~/none/a.file', new RegExp(`write the path in full, such as ${join(homedir(), 'none/a.file')}$`)]
    ] as const) {
      const error = await failure(read(name))
      t.match(messageOf(error), says)
      t.notMatch(messageOf(error), /secret/)
      t.match(codeOf(error), /^ERR_/)
    }
  })
}

t.test('a file with such a name is read', async t => {
  const folder = temporaryFolder(t)
  t.match(await findModel(put(folder, 's3:/bucket/a.bin', 'x')), { sha256: /^[0-9a-f]{64}$/ })
  t.equal(notLocal('data/a~b'), null)
})

t.test('an address as an output is refused before anything is written', async t => {
  for (const name of [
    'https://example.org/a.ndjson', 's3://bucket/shards', 'hf://datasets/a/b', 'file:///data/a', '~/a.ndjson'
  ]) {
    t.match(thrownBy(() => { checkOutputs([name], []) }), {
      code: 'ERR_OPTION', message: /expected a path|write the path in full/
    }, name)
    t.match(thrownBy(() => { checkOutputs([], [], { shards: [name] }) }), { code: 'ERR_OPTION' }, name)
  }
  for (const name of ['a:b', '~', '~a/b', 'a/~/b', './~/b', 'http:a']) t.equal(notLocalOutput(name), null, name)
  checkOutputs(['./~/a.ndjson', '-'], [])
})
