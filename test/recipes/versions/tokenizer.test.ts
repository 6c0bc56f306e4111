/** Versions of a mixture that trains its tokenizer. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { docs, ndjsonOf, put } from '../../helpers.ts'
import { sha256 } from '../../../lib/hash.ts'
import { t } from '../../tap.ts'
import { BOOKS, WEB, outcomes, versioned, yamlOf } from './versioned.ts'

const headOf = (hash: string | null): string => 'tokenizer_output_dir: tokenizer\ntokenizer: { vocab_size: 60, ' +
  `hard_vocab_limit: false, normalization_rule_name: identity, sha256: ${hash} }\n`
const NEW = ndjsonOf(docs(20).map((document, i) => ({ ...document, text: `a new text with quirks ${i}` })))

t.test('a tokenizer is reused until what it is trained on changes; then all is made again', async t => {
  const { folder, versions, run, write, current } = versioned(t, yamlOf([WEB, BOOKS], headOf(null)))
  const own = { tokenizerPath: undefined }
  t.match(outcomes(await run(own)), ['all train-tokenizer: done'])
  t.strictSame((await run(own)).version!.why, [])
  const modelOf = (): Buffer => readFileSync(join(versions, current(), 'tokenizer/spm_60_unigram.model'))
  const first = modelOf()

  write(yamlOf([WEB, BOOKS.replace('seq_len: 32', 'seq_len: 16')], headOf(null)))
  const wider = await run(own)
  t.strictSame(outcomes(wider), [
    'all train-tokenizer: reused', 'all check-tokenizer: done', 'web acquire: reused', 'web process: reused',
    'books process: done', 'all verify: done'
  ])
  t.ok(modelOf().equals(first))
  t.match(wider.stats!.tokenizer.path, `${current()}/tokenizer`)
  t.strictSame(wider.version!.changes!.tokenizer, [], 'another path is no change')
  t.strictSame((await run(own)).version!.why, [])

  put(folder, 'web/b.ndjson', NEW)
  const trained = await run(own)
  t.match(trained.version!.why, [/^train-tokenizer: .*b\.ndjson: is an input now/], 'the only reason')
  t.strictSame(outcomes(trained), [
    'all train-tokenizer: done', 'all check-tokenizer: done', 'web acquire: done', 'web process: done',
    'books process: done', 'all verify: done'
  ])
  t.notOk(modelOf().equals(first))
})

t.test('a tokenizer whose SHA-256 is in the manifest is kept when its data changes', async t => {
  const { folder, versions, run, write, current } = versioned(t, yamlOf([WEB, BOOKS], headOf(null)))
  const own = { tokenizerPath: undefined }
  await run(own)
  const modelOf = (): Buffer => readFileSync(join(versions, current(), 'tokenizer/spm_60_unigram.model'))
  const hash = sha256(modelOf())
  write(yamlOf([WEB, BOOKS], headOf(hash)))
  put(folder, 'web/b.ndjson', NEW)
  t.strictSame(outcomes(await run(own)), [
    'all check-tokenizer: done', 'web acquire: done', 'web process: done', 'books process: reused', 'all verify: done'
  ])
  t.equal(sha256(modelOf()), hash)
  t.strictSame((await run(own)).version!.why, [])
})
