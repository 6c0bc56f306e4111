import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../lib/hash.ts'
import type { RunReport } from '../../recipes/mixture/run-mixture.ts'
import { run as runInto, runText } from '../../recipes/run.ts'
import { docs, failure, filesIn, fixture, folderInMemory, ndjsonOf, pattern, put } from '../helpers.ts'
import { type Test, t } from '../tap.ts'

const MODEL = fixture('tiny.model')

interface Mixture {
  readonly folder: string
  readonly run: (options?: Parameters<typeof runInto>[1], context?: Parameters<typeof runInto>[2]) => Promise<RunReport>
  readonly write: (datasets: string) => void
}

const WEB = '{ name: web, dataset: json, data_files: DIR/web.ndjson, seq_len: 32, sequences_per_shard: 8, ' +
  'output_dir: DIR/shards/web, raw_dir: DIR/raw, filters: [normalize, dedup] }'
const BOOKS = '{ name: books, dataset: json, data_files: DIR/books.ndjson, seq_len: 32, sequences_per_shard: 8, ' +
  'output_dir: DIR/shards/books, filtered_dir: DIR/filtered }'

function mixture (t: Test, datasets: readonly string[] = [WEB, BOOKS], tokenizer = ''): Mixture {
  const folder = folderInMemory(t)
  put(folder, 'web.ndjson', ndjsonOf(docs(40).map((document, i) => ({ ...document, text: `some text ${i}` }))))
  put(folder, 'books.ndjson', ndjsonOf(docs(20)))
  const manifest = join(folder, 'mix.yaml')
  const write = (yaml: string): void => {
    writeFileSync(
      manifest, `name: mix\nstats: DIR/stats.json\n${tokenizer}datasets:\n${yaml}\n`.replaceAll('DIR', folder)
    )
  }
  write(datasets.map(dataset => `  - ${dataset}`).join('\n'))
  const run: Mixture['run'] = (options, context) => runInto(manifest, {
    tokenizerPath: MODEL,
    runsDir: join(folder, 'runs'),
    inventory: join(folder, 'inventory.md'),
    workers: 1,
    ...options
  }, context)
  return { folder, run, write }
}

const outcomes = ({ steps }: RunReport): string[] =>
  steps.map(({ component, step, outcome }) => `${component ?? 'all'} ${step}: ${outcome}`)

const ALL_DONE = [
  'all check-tokenizer: done', 'web acquire: done', 'web process: done', 'books process: done', 'all verify: done'
]
const UP_TO_DATE = [
  'all check-tokenizer: done', 'web acquire: up to date', 'web process: up to date', 'books process: up to date',
  'all verify: up to date'
]

t.test('a dry run prints what would be done and writes no file, and the run does exactly that', async t => {
  const { folder, run } = mixture(t)
  const before = filesIn(folder)
  const planned = await run({ dryRun: true })
  t.strictSame(outcomes(planned), ALL_DONE)
  t.strictSame(filesIn(folder), before)
  t.match(runText(planned), pattern(
    /^component +step +would be +why\n\(all\) +check-tokenizer +done .*\n/,
    /web +acquire +done +copies the documents to .*raw\n/
  ))
  const done = await run()
  t.strictSame(outcomes(done), ALL_DONE)
  t.match(done, {
    dry_run: false, stats: { stats: [{ name: 'web', kept: 40 }, { name: 'books', kept: 20 }] }, run_record: String
  })
  t.ok(filesIn(folder).includes('shards/web/shard_00000.npy'))
  t.match(JSON.parse(readFileSync(join(folder, 'stats.json'), 'utf8')), {
    verified_at_utc: String, stats: [{ verified_at_utc: String }, { verified_at_utc: String }]
  })
  t.match(runText(done), /Record of the run: .*runs\/mix\//)
  t.match(runText(done), /component +read +kept +tokens +sequences +seconds +MB\/s\n[^]*\nStats: .*stats\.json\n/)
})

t.test('a second run finds everything up to date and writes no file; with verify the shards are hashed', async t => {
  const { folder, run } = mixture(t)
  const { run_record: record } = await run()
  const before = filesIn(folder).map(name => [name, sha256(readFileSync(join(folder, name)))])
  t.strictSame(outcomes(await run({ dryRun: true })), UP_TO_DATE)
  const again = await run()
  t.strictSame(outcomes(again), UP_TO_DATE)
  t.equal(again.run_record, record)
  t.strictSame(filesIn(folder).map(name => [name, sha256(readFileSync(join(folder, name)))]), before)
  t.strictSame(outcomes(await run({ verify: true })), [...UP_TO_DATE.slice(0, -1), 'all verify: done'])
})

t.test('only changed steps are repeated, with the reason', async t => {
  const { folder, run, write } = mixture(t)
  await run()
  const made = readFileSync(join(folder, 'shards/books/checkpoint.json'), 'utf8')
  write(`  - ${WEB.replace('dedup', 'length: { min_chars: 12 }')}\n  - ${BOOKS}`)
  const told: string[] = []
  const changed = await run({}, { tell: message => { told.push(message) } })
  t.strictSame(outcomes(changed), [
    'all check-tokenizer: done', 'web acquire: up to date', 'web process: done again', 'books process: up to date',
    'all verify: done'
  ])
  t.match(
    changed.steps[2]!.why, /filters\[1\]\.dedup: .* -> \(none\); filters\[1\]\.length: \(none\) -> \{"min_chars":12/
  )
  t.match(told.join('\n'), /^web: is done again: filters/m)
  t.match(told.join('\n'), /^books: is finished, and up to date$/m)
  t.equal(readFileSync(join(folder, 'shards/books/checkpoint.json'), 'utf8'), made)

  put(folder, 'books.ndjson', ndjsonOf(docs(30)))
  t.strictSame(outcomes(await run()).slice(1, 4), [
    'web acquire: up to date', 'web process: up to date', 'books process: done again'
  ], 'a changed input')

  const shard = join(folder, 'shards/books/shard_00000.npy')
  const bytes = readFileSync(shard)
  rmSync(shard)
  const repaired = await run()
  t.match(repaired.steps[3], { outcome: 'done again', why: /shard_00000\.npy: is not there/ })
  t.strictSame(readFileSync(shard), bytes)

  const flipped = Buffer.from(bytes)
  flipped[200]! ^= 1
  writeFileSync(shard, flipped)
  t.match((await run()).steps[3], { outcome: 'up to date' }, 'a change of the same size is found by its hash')
  t.match((await run({ verify: true })).steps[3], { outcome: 'done again', why: /has SHA-256/ })
  t.strictSame(readFileSync(shard), bytes)
})

t.test('a component that fails does not stop the others, and the error has the outcome of each', async t => {
  const { folder, run } = mixture(t, [WEB, BOOKS])
  put(folder, 'web.ndjson', 'no json\n')
  const error = await failure(run({ concurrency: 2 })) as { report: RunReport }
  t.match(error, {
    code: 'ERR_COMPONENT', exitCode: 1, message: /1 of 2 components failed\nweb: .*bad_json/, isResult: true
  })
  t.strictSame(outcomes(error.report), [
    'all check-tokenizer: done', 'web acquire: done', 'web process: failed', 'books process: done', 'all verify: done'
  ])
  t.match(runText(error.report), /web +process +failed +.*records are bad/)
  t.notOk(existsSync(join(folder, 'runs/mix')), 'no record of an unfinished run')
  put(folder, 'web.ndjson', ndjsonOf(docs(3)))
  t.strictSame(outcomes(await run()), [
    'all check-tokenizer: done', 'web acquire: done', 'web process: done', 'books process: up to date',
    'all verify: done'
  ])
})

t.test('if no component could be made, there is nothing to verify', async t => {
  const { folder, run } = mixture(t, [WEB])
  put(folder, 'web.ndjson', 'no json\n')
  const error = await failure(run()) as { report: RunReport }
  t.strictSame(outcomes(error.report).at(-1), 'all verify: left out')
})

t.test('shards that differ from the stats are findings', async t => {
  const { folder, run } = mixture(t)
  await run()
  put(folder, 'shards/books/foreign.npy', 'x')
  const error = await failure(run({ verify: true })) as { report: RunReport }
  t.match(error, { code: 'ERR_VERIFY', exitCode: 1, message: /foreign\.npy: is there/ })
  t.strictSame(outcomes(error.report).at(-1), 'all verify: failed')
})

t.test('a refused component is reported by a dry run, and before anything is written', async t => {
  const { folder, run } = mixture(t)
  put(folder, 'shards/books/shard_00000.npy', 'x')
  const refused = await failure(run({ dryRun: true })) as { report: RunReport }
  t.match(refused, { code: 'ERR_OUTPUT_EXISTS', exitCode: 2, isResult: true })
  t.strictSame(outcomes(refused.report), [
    'all check-tokenizer: done', 'web acquire: left out', 'web process: left out', 'books process: refused'
  ])
  t.match(runText(refused.report), /books +process +refused +.*holds 1 shard of another run/)
  t.match(await failure(run()), { code: 'ERR_OUTPUT_EXISTS' })
  t.notOk(existsSync(join(folder, 'shards/web')))
})

t.test('the tokenizer must have the hash that the manifest states', async t => {
  const right = sha256(readFileSync(MODEL))
  const { run } = mixture(t, [BOOKS], `tokenizer: { sha256: ${right} }\n`)
  t.match((await run({ dryRun: true })).steps[0], { why: /has the SHA-256 that the manifest requires/ })
  t.match(
    await failure(mixture(t, [BOOKS], `tokenizer: { sha256: '${'0'.repeat(64)}' }\n`).run()), { code: 'ERR_CHECKSUM' }
  )
})

t.test('a stopped run is resumed', async t => {
  const { folder, run } = mixture(t, [BOOKS])
  const stop = new AbortController()
  const { tokenizer } = await import('../../recipes/mixture/mixture.ts').then(({ loadMixture }) =>
    loadMixture(join(folder, 'mix.yaml'), { tokenizerPath: MODEL }))
  let encoded = 0
  const append: typeof tokenizer.append = (text, ids) => {
    if (++encoded === 12) stop.abort()
    tokenizer.append(text, ids)
  }
  t.match(
    await failure(run({ checkpointEvery: 2 }, { signal: stop.signal, tokenizer: { ...tokenizer, append } })),
    { code: 'ERR_ABORTED' }
  )
  t.match((await run({ dryRun: true })).steps[1], {
    component: 'books', outcome: 'resumed', why: /after document \d+/
  })
  t.match((await run()).stats, { stats: [{ kept: 20 }] })
})

const TOKENIZER = 'tokenizer_output_dir: DIR/tokenizer\ntokenizer: { vocab_size: 60, hard_vocab_limit: false, ' +
  'normalization_rule_name: identity }\n'
const TRAINED = ['all train-tokenizer: done', 'all check-tokenizer: done', 'books process: done', 'all verify: done']

t.test('the tokenizer is trained first; then it is up to date, like all other steps', async t => {
  const { folder, run } = mixture(t, [BOOKS], TOKENIZER)
  const own = { tokenizerPath: undefined }
  const before = filesIn(folder)
  t.strictSame(outcomes(await run({ ...own, dryRun: true })), TRAINED)
  t.strictSame(filesIn(folder), before)
  const done = await run(own)
  t.strictSame(outcomes(done), TRAINED)
  const model = join(folder, 'tokenizer/spm_60_unigram.model')
  t.match(done.stats, { tokenizer: { path: model, sha256: sha256(readFileSync(model)) } })
  t.strictSame(outcomes(await run(own)), [
    'all train-tokenizer: up to date', 'all check-tokenizer: done', 'books process: up to date',
    'all verify: up to date'
  ])
  put(folder, 'books.ndjson', ndjsonOf(docs(20, 'other words')))
  const planned = await run({ ...own, dryRun: true })
  t.strictSame(outcomes(planned), [
    'all train-tokenizer: done again', 'all check-tokenizer: done', 'books process: done again', 'all verify: done'
  ])
  t.match(planned.steps[2]!.why, /tokenizer_sha256: .* -> "not trained yet"/)
  t.strictSame(outcomes(await run(own)), outcomes(planned))
  t.strictSame(outcomes(await run({ ...own, restart: true, dryRun: true })).slice(0, 1), ['all train-tokenizer: ' +
    'done again'])
})

t.test('a tokenizer with a SHA-256 in the manifest, or from elsewhere, is not trained', async t => {
  const { folder, run } = mixture(t, [BOOKS], TOKENIZER)
  const own = { tokenizerPath: undefined }
  put(folder, 'tokenizer/spm_60_unigram.model', readFileSync(MODEL))
  t.strictSame(outcomes(await run(own)), TRAINED.slice(1))
  const { folder: other, run: runOther } = mixture(t, [BOOKS], TOKENIZER.replace('}',
    `, sha256: ${sha256(readFileSync(MODEL))} }`))
  const planned = await runOther({ ...own, dryRun: true })
  t.match(planned.steps[1]!.why, /must have the SHA-256 that the manifest requires/)
  t.match(await failure(runOther(own)), { code: 'ERR_CHECKSUM' })
  put(other, 'tokenizer/spm_60_unigram.model', readFileSync(MODEL))
  t.strictSame(outcomes(await runOther(own)), TRAINED.slice(1))
})

t.test('a refused component stops the run before the tokenizer is trained', async t => {
  const { folder, run } = mixture(t, [BOOKS], TOKENIZER)
  put(folder, 'shards/books/shard_00000.npy', 'of somebody else')
  const before = filesIn(folder)
  t.match(await failure(run({ tokenizerPath: undefined })), { code: 'ERR_OUTPUT_EXISTS' })
  t.strictSame(filesIn(folder), before)
})

t.test('run and its dry run refuse what the training would refuse', async t => {
  const refused = async (tokenizer: string, expected: object, dataset = BOOKS): Promise<void> => {
    const { folder, run } = mixture(t, [dataset], tokenizer)
    const before = filesIn(folder)
    for (const dryRun of [true, false]) t.match(await failure(run({ tokenizerPath: undefined, dryRun })), expected)
    t.strictSame(filesIn(folder), before)
  }
  await refused(TOKENIZER.replace('}', ', user_defined_symbols: [a, a] }'), {
    code: 'ERR_OPTION', message: /got a twice/
  })
  await refused(TOKENIZER.replace('}', ', byte_fallback: true }'), {
    code: 'ERR_OPTION', message: /expected more than the 259 special pieces/
  })
  await refused(TOKENIZER, {
    code: 'ERR_MANIFEST', message: /mix\.yaml:1:1: a component reads standard input or a pipe/
  }, BOOKS.replace('DIR/books.ndjson', '"-"'))
  const { folder, run } = mixture(t, [BOOKS.replace('books.ndjson', '*.json')], TOKENIZER.replace(
    'DIR/tokenizer', 'DIR'
  ))
  put(folder, 'spm_60_unigram.json', ndjsonOf(docs(20)))
  for (const dryRun of [true, false]) {
    t.match(await failure(run({ tokenizerPath: undefined, dryRun })), {
      code: 'ERR_OUTPUT_EXISTS', message: /spm_60_unigram\.json: is an input as well/
    })
  }
})

t.test('--restart ignores a damaged checkpoint of the training', async t => {
  const { folder, run } = mixture(t, [BOOKS], TOKENIZER)
  const own = { tokenizerPath: undefined }
  await run(own)
  put(folder, 'tokenizer/spm_60_unigram.checkpoint.json', '{"sluice_checkpoint":1,"sha')
  t.match(await failure(run(own)), {
    code: 'ERR_CHECKPOINT', message: /spm_60_unigram\.checkpoint\.json: .* start over with --restart/
  })
  t.match((await run({ ...own, restart: true })).steps[0], {
    step: 'train-tokenizer', outcome: 'done again', why: 'a restart was requested'
  })
  t.match((await run(own)).steps[0], { outcome: 'up to date' })
})
