import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { inspect } from '../../recipes/inspect.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { command } from '../commands.ts'
import { answers, failure, fixture, howMany, ndjsonOf, pattern, put, sluice, temporaryFolder } from '../helpers.ts'
import { EOS, MODEL, putShards, rowsIn } from '../lib/shards/helpers.ts'

t.test('the command prints rows, documents into a pipe, and counts', async t => {
  const folder = temporaryFolder(t)
  const texts = answers().records.flatMap(({ text }) => typeof text === 'string' ? [text] : [])
  const shards = join(folder, 'shards')
  await shardCorpus({
    dataFiles: put(folder, 'a.ndjson', ndjsonOf(answers().records)),
    tokenizerPath: MODEL,
    outputDir: shards,
    seqLen: 64,
    sequencesPerShard: 20,
    logFile: join(folder, 'stats.json')
  })
  const show = (...args: string[]): ReturnType<typeof command> =>
    command(['inspect', 'shards', '--tokenizer-path', MODEL, ...args], { cwd: folder })

  t.match(await show('--row', '-1'), {
    code: 0,
    stderr: `inspect: 1 of 32 rows, decoded by ${MODEL}; --rows 32 shows all, --row -1 the last one\n`,
    stdout: /^\[31\] shards\/shard_00001\.npy, row 11\n/
  })
  t.match(await show('--row', '19', '--rows', '2', '--quiet'), {
    stderr: '',
    stdout: /^\[19\] shards\/shard_00000\.npy, row 19\n[^[]*\n\[20\] shards\/shard_00001\.npy, row 0\n[^[]*\n$/
  })

  const documents = await show('--documents')
  t.match(await command(['write', 'back.txt'], { cwd: folder, input: documents.stdout }), { code: 0 })
  const back = readFileSync(join(folder, 'back.txt'), 'utf8').split('\n').slice(0, -1)
  const whole = documents.stdout.trim().split('\n').map(line => JSON.parse(line) as Document)
    .filter(({ meta }) => meta.complete).length
  t.ok(whole > 60, `${whole} documents`)
  t.strictSame(back.slice(0, whole), texts.slice(0, whole))

  t.match(await inspect(shards, { tokenizerPath: MODEL, counts: true }), {
    shards: 2, sequences: 32, seq_len: 64, ids: 2048, documents: whole
  })
  t.match((await show('--counts')).stdout, new RegExp('^shards +2, with 32 sequences of 64 ids: ' +
    `2,048 ids\\ndocuments +${whole} ended.*\\n` +
    'in several sequences.*\\n.*mean.*\\n.*mean.*\\nunknown +0 \\(0.*\\n.*\\nnot in the ' +
    'vocabulary +0\\n\\nids +documents\\n.*#'))

  t.match(await failure(inspect(shards, { tokenizerPath: MODEL, row: 32 })), {
    code: 'ERR_OPTION', message: 'inspect.row: ' + shards + ' has 32 rows, expected 0 to 31, or -32 to -1, got 32'
  })
  t.match(await failure(inspect(shards, { tokenizerPath: MODEL, row: -33 })), { code: 'ERR_OPTION' })
  for (const more of [{ row: 1, documents: true }, { rows: 1, counts: true }, { documents: true, counts: true }]) {
    t.match(await failure(inspect(shards, { tokenizerPath: MODEL, ...more })), {
      code: 'ERR_OPTION', message: /expected one of rows/
    })
  }
})

t.test('an abort stops every mode of reading', async t => {
  const folder = putShards(temporaryFolder(t), [3, 3, 3, 3])
  for (const how of [{}, { documents: true }, { counts: true }]) {
    t.match(
      await failure(inspect(folder, { tokenizerPath: MODEL, ...how }, { signal: AbortSignal.abort() })),
      { code: 'ERR_ABORTED' }
    )
  }
})

t.test('a model without an end of sentence needs --eos-id', async t => {
  const folder = putShards(temporaryFolder(t), [3, 4, 3, 5])
  const args = ['inspect', folder, '--tokenizer-path', fixture('no-eos.model'), '--counts', '--json']
  t.match(await command(args), {
    code: 2, stderr: /no EOS token; set the token .*--eos-id.*\[ERR_TOKENIZER\]/
  })
  t.match(JSON.parse((await command([...args, '--eos-id', '3'])).stdout), { documents: 2, open_ids: 1 })
})

t.test('a reader that closes the pipe ends the command without an error', async t => {
  const folder = putShards(temporaryFolder(t), Array.from({ length: howMany(150_000, 400_000) }, (_, i) =>
    i % 50 === 0 ? EOS : 5), { columns: 100, rowsPerShard: 1000 })
  for (const args of [['--documents'], ['--rows', '4000']].slice(0, howMany(1, 2))) {
    const running = sluice(['inspect', folder, '--tokenizer-path', MODEL, ...args])
    running.child.stdout!.once('data', () => { running.child.stdout!.destroy() })
    t.match(await running, { code: 0, stderr: '' })
  }
})

t.test('the tokenizer is found by the checkpoint or the stats next to the shards; else ids are printed', async t => {
  const folder = temporaryFolder(t)
  const model = put(folder, 'tok/spm.model', readFileSync(MODEL))
  put(folder, 'a.ndjson', ndjsonOf(answers().records))
  const show = (cwd: string, ...args: string[]): ReturnType<typeof command> => command(['inspect', ...args], { cwd })
  t.match(await command([
    'shard-corpus', '--data-files', 'a.ndjson', '--tokenizer-path', 'tok/spm.model', '--output-dir', 'out/shards',
    '--seq-len', '64', '--log-file', 'stats.json', '--quiet'
  ], { cwd: folder }), { code: 0 })
  const decoded = {
    code: 0,
    stdout: /^\[0\] .*out\/shards\/shard_00000\.npy, row 0\n[^]*\n\[2\] [^[]*\n$/,
    stderr: /^inspect: 3 of 32 rows, decoded by .*tok\/spm\.model; --rows 32 shows all, --row -1 the last one\n$/
  }
  const first = await show(folder, 'out/shards')
  t.match(first, decoded)
  t.match(first.stdout, (await rowsIn(join(folder, 'out/shards'), MODEL))[0]!.text)
  t.match(await show(join(folder, 'tok'), '../out/shards'), decoded, 'from another folder')
  t.match(await show(folder, 'out/shards/shard_00000.npy'), decoded, 'of one shard')
  t.match(await show(folder, 'out/shards', '--counts'), { code: 0, stdout: /^documents +\d/m })
  t.match(
    await show(folder, 'out/shards', '--rows', '32'), { stderr: /^inspect: 32 rows, decoded by tok\/spm\.model\n$/ }
  )
  t.match(JSON.parse((await show(folder, 'out/shards', '--json')).stderr), {
    of: 'row', count: 3, rows: 32, tokenizer_path: 'tok/spm.model', note: null
  })
  t.match(await show(folder, 'out/shards', '--tokenizer-path', fixture('bytes.model')), {
    code: 0,
    stderr: pattern(
      /bytes\.model is not the tokenizer that the shards were made with: it has SHA-256 [0-9a-f]{64}, and /,
      /out\/shards\/checkpoint\.json has /
    )
  })

  rmSync(join(folder, 'out/shards/checkpoint.json'))
  t.match(await show(folder, 'out/shards'), decoded, 'by the stats alone')

  const asIds = /^\[0\] out\/shards\/shard_00000\.npy, row 0\n(?:\d+ ){63}\d+\n\[1\] /
  put(folder, 'tok/spm.model', readFileSync(fixture('bytes.model')))
  t.match(await show(folder, 'out/shards'), {
    code: 0,
    stdout: asIds,
    stderr: pattern(
      /^inspect: 3 of 32 rows, as ids; .*\ninspect: tok\/spm\.model, the tokenizer that .*stats\.json names, has /,
      /changed: it has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}; name it with --tokenizer-path\n$/
    )
  })
  rmSync(model)
  t.match(await show(folder, 'out/shards'), {
    code: 0, stdout: asIds, stderr: /tok\/spm\.model, the tokenizer that .*stats\.json names, cannot be read/
  })
  rmSync(join(folder, 'stats.json'))
  t.match(await show(folder, 'out/shards', '--row', '-1'), {
    code: 0,
    stdout: /^\[31\] .*\n(?:\d+ ){63}\d+\n$/,
    stderr: /neither a checkpoint nor stats next to the shards name the tokenizer that made them; name it with --token/
  })
  for (const how of ['--counts', '--documents']) {
    t.match(await show(folder, 'out/shards', how), {
      code: 2,
      stdout: '',
      stderr: /^sluice: --tokenizer-path: it is missing, expected the tokenizer that .*\[ERR_OPTION\]/
    })
  }
})

t.test('other files next to shards are ignored', async t => {
  const folder = putShards(join(temporaryFolder(t), 'o/shards'), [3, 4, 3, 5])
  for (const [name, content] of [
    ['x.json', '{"stats":[1]}'],
    ['y.json', '[]'],
    ['z.json', 'no JSON'],
    ['checkpoint.json', '{}'],
    ['s.json', JSON.stringify({ stats: [{ output_dir: '/elsewhere', tokenizer_sha256: 'x' }] })]
  ] as const) {
    put(folder, name, content)
  }
  t.match(await command(['inspect', folder]), {
    code: 0, stdout: /\n3 4 3 5\n$/, stderr: /inspect: 1 row, as ids\ninspect: neither/
  })
})
