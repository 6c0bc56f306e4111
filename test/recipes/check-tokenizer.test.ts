import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { TOKENIZER_FILES, readTokenizerFile } from '../../lib/tokenizer/files.ts'
import { checkTokenizer } from '../../recipes/check-tokenizer.ts'
import { answers, builtModule, failure, filesIn, fixture, mocked, temporaryFolder } from '../helpers.ts'

t.test('the record of a model equals what SentencePiece reports', async t => {
  const folder = temporaryFolder(t)
  for (const model of answers().models) {
    const metadataJson = join(folder, `${model.file}.json`)
    const record = await checkTokenizer({
      tokenizerPath: fixture(model.file), expectedSha256: model.sha256.toUpperCase(), metadataJson
    })
    t.equal(record.tokenizer_path, fixture(model.file))
    for (const key of ['sha256', 'vocab_size', 'unk_id', 'bos_id', 'eos_id', 'pad_id'] as const) {
      t.equal(record[key], model[key], key)
    }
    t.strictSame(JSON.parse(readFileSync(metadataJson, 'utf8')), record)
  }
})

t.test('another hash than the expected one fails with both; the record is still written', async t => {
  const folder = temporaryFolder(t)
  const error = await failure(checkTokenizer({
    tokenizerPath: fixture('tiny.model'), expectedSha256: 'ab'.repeat(32), metadataJson: join(folder, 'a.json')
  }))
  t.match(error, {
    code: 'ERR_CHECKSUM', exitCode: 1, message: new RegExp(`has SHA-256 ${answers().models[0]!.sha256}, expected abab`)
  })
  t.strictSame(filesIn(folder), ['a.json'])
})

t.test('a file that is no model and a string that is no hash are refused', async t => {
  t.match(await failure(checkTokenizer({ tokenizerPath: fixture('answers.json') })), {
    code: 'ERR_TOKENIZER', message: /answers\.json: is JSON, which sluice can't encode with/
  })
  t.match(
    await failure(checkTokenizer({ tokenizerPath: fixture('tiny.model'), expectedSha256: 'abc' })),
    { code: 'ERR_OPTION', message: /64 hexadecimal digits/ }
  )
})

t.test('a model is read once', async t => {
  const file = await readTokenizerFile(fixture('tiny.model'))
  const { checkTokenizer: check } = await mocked<{ checkTokenizer: typeof checkTokenizer }>(
    t, 'recipes/check-tokenizer', {
      [builtModule('lib/tokenizer/files')]: { TOKENIZER_FILES, readTokenizerFile: () => Promise.resolve(file) }
    }
  )
  const { sha256, bytes } = await check({ tokenizerPath: 'not a file' })
  t.strictSame({ sha256, bytes }, { sha256: file.sha256, bytes: file.bytes.length })
})
