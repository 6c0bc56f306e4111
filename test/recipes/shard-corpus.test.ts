import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { readNpy } from '../../lib/shards/npy.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { answers, failure, filesIn, fixture, ndjsonOf, put, temporaryFolder } from '../helpers.ts'

t.test('--tokenizer-path --output-dir writes shards like those of SentencePiece and NumPy, and a log', async t => {
  const folder = temporaryFolder(t)
  const { packed, records } = answers()
  const [outputDir, logFile] = [join(folder, 'shards'), join(folder, 'log/stats.json')]
  const dataFiles = put(folder, 'a.ndjson', ndjsonOf(records))
  const options = { dataFiles, tokenizerPath: fixture('tiny.model'), outputDir, logFile, seqLen: 64 }
  const stats = await shardCorpus({ ...options, sequencesPerShard: 20, name: 'mill', license: 'CC0-1.0' })
  const data = ['shard_00000.npy', 'shard_00001.npy'].flatMap(name =>
    Array.from(readNpy(readFileSync(join(outputDir, name))).data))
  t.strictSame(data, packed.rows.flat())
  t.match(stats, { name: 'mill', license: 'CC0-1.0', tokens: packed.tokens, shards: 2, sequences: packed.rows.length })
  t.strictSame(JSON.parse(readFileSync(logFile, 'utf8')), JSON.parse(JSON.stringify(stats)))
  t.match(await failure(shardCorpus(options)), { code: 'ERR_OUTPUT_EXISTS' })
  t.match(
    await shardCorpus({ ...options, overwrite: true, maxRecords: 3, eosId: 5, dtype: 'uint32' }),
    { records: 3, eos_id: 5, dtype: 'uint32' }
  )
})

t.test('--output writes the unfiltered documents as NDJSON', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'a.txt', ' one  \n\ntwo\nthree\n')
  const output = join(folder, 'raw/a.ndjson.gz')
  t.match(await shardCorpus({ dataset: 'text', dataFiles, output, limit: 3 }), { output, kept: 3 })
  const texts = gunzipSync(readFileSync(output)).toString().trim().split('\n').map(line =>
    (JSON.parse(line) as { text: string }).text)
  t.strictSame(texts, [' one  ', '', 'two'])
})

t.test('neither and both are usage errors', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'a.txt', 'x\n')
  for (const options of [{}, { output: 'x', tokenizerPath: 'y' }]) {
    t.match(await failure(shardCorpus({ dataFiles, ...options })), {
      code: 'ERR_OPTION', message: /`output`, for NDJSON, or `tokenizerPath`/
    })
  }
  t.strictSame(filesIn(folder), ['a.txt'])
})
