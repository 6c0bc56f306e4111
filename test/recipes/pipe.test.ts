import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import zstd from '@bokuweb/zstd-wasm'
import { t } from '../tap.ts'
import { readNpy } from '../../lib/shards/npy.ts'
import { loadZstdCompressor } from '../../lib/zstd/compress.ts'
import { commandsHereIn } from '../commands.ts'
import { answers, docs, fixture, howMany, ndjsonOf, put, sluice, temporaryFolder } from '../helpers.ts'

const command = commandsHereIn(t)

t.test('read | encode | pack | write gives the arrays of SentencePiece and NumPy', async t => {
  const folder = temporaryFolder(t)
  const { packed, records } = answers()
  const file = put(folder, 'a.ndjson', ndjsonOf(records))
  const read = await command(['read', file])
  t.match(read, { code: 0, stderr: `ndjson: ${records.length} in, ${records.length - 2} out, 2 no_text\n` })
  const encoded = await command(['encode', '--tokenizer-path', fixture('tiny.model')], { input: read.stdout })
  const sequences = await command(['pack', '--seq-len', '64'], { input: encoded.stdout })
  t.match(sequences.stderr, /^pack: \d+ in, 32 out; 2075 tokens, 27 of them in the tail that fills no sequence\n$/)
  t.match(
    await command(['write', join(folder, 'shards'), '--sequences-per-shard', '20'], { input: sequences.stdout }),
    { code: 0, stdout: '', stderr: 'npy: 32 in, 32 out\n' }
  )
  const data = ['shard_00000.npy', 'shard_00001.npy'].flatMap(name =>
    Array.from(readNpy(readFileSync(join(folder, 'shards', name))).data))
  t.strictSame(data, packed.rows.flat())
})

t.test('normalize | length | language | dedup on NDJSON, and write by the output\'s extension', async t => {
  await loadZstdCompressor() // initializes it; a second time would break the first instance
  const folder = temporaryFolder(t)
  const english = 'The water of the river turns the wheel of the old mill.'
  const input = ndjsonOf([
    { id: 'a', text: ` ${english}\n` }, { id: 'b', text: 'short', meta: {} },
    { id: 'c', text: english, meta: { n: 1 } }
  ])
  const normal = await command(['normalize'], { input })
  const long = await command(['length', '--min-chars', '20', '--max-chars', '80'], { input: normal.stdout })
  t.equal(long.stderr, 'length: 3 in, 2 out, 1 too_short\n')
  const right = await command(['language', '--keep', 'en', '--threshold', '0.5', '--quiet'], { input: long.stdout })
  t.equal(right.stderr, '')
  const single = await command(['dedup', '--window', '5'], { input: right.stdout })
  t.equal(single.stdout, ndjsonOf([{ id: 'a', text: english, meta: {} }]))
  for (const name of ['out.txt', 'out.ndjson', 'out.txt.gz', 'out.ndjson.gz', 'out.txt.zst', 'out.ndjson.zst']) {
    t.match(await command(['write', join(folder, name)], { input: single.stdout }), { code: 0 })
    const bytes = readFileSync(join(folder, name))
    t.equal(Buffer.from(name.endsWith('.gz')
      ? gunzipSync(bytes)
      : name.endsWith('.zst') ? zstd.decompress(bytes) : bytes).toString(), name.startsWith('out.txt')
      ? english + '\n'
      : single.stdout)
  }
})

t.test('read takes text, another column, a limit, and standard input', async t => {
  t.equal(
    (await command(['read', '--dataset', 'text', '--limit', '2'], { input: 'a\nb\nc\n' })).stdout,
    ndjsonOf([{ id: '-#0', text: 'a', meta: {} }, { id: '-#2', text: 'b', meta: {} }])
  )
  t.match(
    await command(['read', fixture('zstd/many-frames.zst'), '--dataset', 'text', '--limit', '1', '--quiet']),
    { code: 0, stdout: /^\{"id":"test\/fixtures\/zstd\/many-frames\.zst#0","text":"\w+ / }
  )
  t.equal(
    (await command(['read', '-', '--text-column', 'body'], { input: '{"id":1,"body":"x"}' })).stdout,
    ndjsonOf([{ id: '1', text: 'x', meta: {} }])
  )
})

t.test('--json prints the report on standard error if standard output is for data', async t => {
  const { stdout, stderr } = await command(
    ['length', '--min-chars', '2', '--json'], { input: ndjsonOf([{ id: 'a', text: 'x' }]) }
  )
  t.equal(stdout, '')
  t.strictSame(JSON.parse(stderr), { stage: 'length', in: 1, out: 0, dropped: { too_short: 1 } })
})

t.test('invalid JSON after other items of a line is reported with its column', async t => {
  const { code, stderr } = await command(
    ['normalize'], { input: '{"id":"a","text":"é","n":NaN} {"id":"b","text":"x"} junk\n' }
  )
  t.equal(code, 1)
  t.match(stderr, /line 1 .*is not JSON \(column 53: expected a value, at ".*junk"\)/)
})

t.test('a pipe accepts several items in a line and Python\'s NaN, and warns if its input is empty', async t => {
  const file = join(temporaryFolder(t), 'a.ndjson')
  t.match(await command(
    ['write', file], { input: '{"id":"a","text":"x","meta":{"n":NaN}}{"id":"b","text":"y","meta":{}}\n' }
  ), { code: 0 })
  t.equal(readFileSync(file, 'utf8'), '{"id":"a","text":"x","meta":{"n":"NaN"}}\n{"id":"b","text":"y","meta":{}}\n')
  const none = await command(['length'], { input: '' })
  t.match(none.stderr, /warning: length: standard input is empty/)
})

t.test('a line that is no item of a pipe is an error with its number and the expected form', async t => {
  const folder = temporaryFolder(t)
  const good = ndjsonOf(docs(2))
  for (const [args, input, message] of [
    [['length'], good + 'no json\n', /length: line 3 of standard input: .*JSON.*sluice read/],
    [['length'], good + '7\n', /line 3 of standard input: expected a JSON object/],
    [['length'], '{"text":"x"}\n', /line 1 of standard input: expected \{"id","text","meta"\}/],
    [['pack'], good, /pack: line 1 of standard input: expected \{"id","ids","meta"\}, as `sluice encode` writes/],
    [
      ['write', join(folder, 'shards/')],
      good,
      /write: line 1 of standard input: expected \{"ids","documents"\}, as `sluice pack` writes/
    ],
    [['write', join(folder, 'a.txt')], '{"ids":[1]}\n', /expected \{"id","text","meta"\}/],
    [['write', join(folder, 'a.ndjson')], '{"x":1}\n', /expected a document, tokens or a sequence, got \{"x"\}/],
    [
      ['write', join(folder, 'shards/')],
      '{"ids":[1]}\n{"ids":[2.7]}\n',
      /line 2 of standard input: ids\[0\] is 2\.7, expected an integer from 0 to 2147483647/
    ],
    [['write', join(folder, 'shards/')], '{"ids":[4294967297]}\n', /ids\[0\] is 4294967297/],
    [['pack'], '{"id":"a","ids":[1,null]}\n', /ids\[1\] is null/],
    [['normalize'], '{"id":"a","text":"x","ids":[1]}\n', /expected \{"id","text","meta"\}.*got \{"id","text","ids"\}/]
  ] as const) {
    const { code, stderr } = await command(args, { input })
    t.equal(code, 1, stderr)
    t.match(stderr, message)
    t.match(stderr, '[ERR_DOCUMENT]')
  }
  t.match(await command(['write', join(folder, 'a.avro')]), {
    code: 2, stderr: /expected a name that ends in \.ndjson or \.txt.*\[ERR_USAGE\]/
  })
})

t.test('a reader that closes the pipe ends it without an error', async t => {
  const path = put(temporaryFolder(t), 'a.ndjson', ndjsonOf(docs(howMany(10_000, 50_000), 'x'.repeat(200))))
  const running = sluice(['read', path])
  running.child.stdout!.once('data', () => { running.child.stdout!.destroy() })
  t.match(await running, { code: 0, stderr: '' })
})
