import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { type Test, t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { type Dtype, maxId, npyData, npyHeader } from '../../lib/shards/npy.ts'
import { openShards, readIds } from '../../lib/shards/reader.ts'
import { type ShardStatistics, shardStatistics } from '../../lib/shards/statistics.ts'
import { type ShardRow, shardDocuments, shardRows } from '../../lib/shards/text.ts'
import { shardName } from '../../lib/shards/names.ts'
import { type Tokenizer, loadDecoder, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { inspect } from '../../recipes/inspect.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { command } from '../commands.ts'
import {
  ROOT, answers, failure, fixture, folderInMemory, howMany, ndjsonOf, put, sluice, temporaryFolder
} from '../helpers.ts'

const MODEL = fixture('tiny.model')
const [UNK, BOS, EOS] = [0, 1, 2]

/** Writes shards of ids that are laid end to end; what fills no row is left out. */
function putShards (
  folder: string,
  ids: readonly number[],
  { columns = 4, rowsPerShard = 2, dtype = 'int32' }: { columns?: number, rowsPerShard?: number, dtype?: Dtype } = {}
): string {
  const rows = Math.floor(ids.length / columns)
  for (let shard = 0; shard * rowsPerShard < rows; shard++) {
    const own = Math.min(rowsPerShard, rows - shard * rowsPerShard)
    const from = shard * rowsPerShard * columns
    const data = npyData(Int32Array.from(ids.slice(from, from + own * columns)), dtype, maxId(dtype))
    put(folder, shardName(shard), Buffer.concat([npyHeader({ dtype, rows: own, columns }), data]))
  }
  return folder
}

async function all<T> (items: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = []
  for await (const item of items) got.push(item)
  return got
}

async function documentsIn (path: string, model: string, maxChars?: number): Promise<Document[]> {
  const decoder = await loadDecoder(model)
  return await all(shardDocuments(await openShards(path), {
    decoder, eosId: decoder.eosId, ...(maxChars !== undefined && { maxChars })
  }))
}

async function rowsIn (path: string, model: string, range: { from?: number, to?: number } = {}): Promise<ShardRow[]> {
  const decoder = await loadDecoder(model)
  return await all(shardRows(await openShards(path), { decoder, eosId: decoder.eosId, ...range }))
}

/** Ids of pieces by name, for tests that say what stands where. */
async function pieces (file: string): Promise<(...names: string[]) => number[]> {
  const decoder = await loadDecoder(fixture(file))
  const ids = new Map(Array.from({ length: decoder.vocabSize }, (_, id) => [decoder.name(id), id]))
  return (...names) => names.map(name => ids.get(name)!)
}

// What is shown

const letters = 'the river carries a boat'

t.test('rows as text: the end of a document is marked, other control pieces are named', async t => {
  const tokenizer = await loadTokenizer(MODEL)
  const first = [...tokenizer.encode(letters), EOS]
  const ids = [...first, BOS, ...tokenizer.encode('a gate'), UNK, EOS, EOS, ...tokenizer.encode('water turns')]
  const folder = putShards(temporaryFolder(t), ids.slice(0, ids.length - ids.length % 4))
  const rows = await rowsIn(folder, MODEL)
  t.equal(rows.length, Math.floor(ids.length / 4))
  t.match(rows.map(({ text }) => text).join(''), `${letters}</s>\n<s>a gate \u2047 </s>\n</s>\n`)
  t.strictSame(
    rows.map(({ path, row, index }) => [path.split('/').at(-1), row, index]).slice(0, 3),
    [['shard_00000.npy', 0, 0], ['shard_00000.npy', 1, 1], ['shard_00001.npy', 0, 2]]
  )
  // A row is the same wherever reading begins.
  for (const { index, text } of rows) {
    t.equal((await rowsIn(folder, MODEL, { from: index, to: index + 1 }))[0]!.text, text)
  }
  t.strictSame((await rowsIn(folder, MODEL, { from: 1, to: 4 })), rows.slice(1, 4))
})

t.test('a row that begins within a document keeps its first space, one that begins a document loses it', async t => {
  const id = await pieces('tiny.model')
  const within = putShards(temporaryFolder(t), [
    ...id('▁', 'a', '▁', 'a'), ...id('▁', 'a'), EOS, EOS, ...id('▁', 'a', '▁', 'a')
  ])
  t.strictSame((await rowsIn(within, MODEL)).map(({ text }) => text), ['a a', ' a</s>\n</s>\n', 'a a'])
})

t.test('a character whose bytes are cut by a row is shown by its bytes\' names; one that is damaged is U+FFFD', async t => {
  const id = await pieces('bytes.model')
  const han = id('<0xE6>', '<0xBC>', '<0xA2>')
  const ids = [
    ...id('a', 'a'), ...han.slice(0, 2), ...han.slice(2), ...id('a', '<0xA2>', 'a'), ...han, EOS, ...han.slice(1),
    ...id('a'), ...han.slice(0, 1)
  ]
  const folder = putShards(temporaryFolder(t), ids)
  t.strictSame((await rowsIn(folder, fixture('bytes.model'))).map(({ text }) => text), [
    'aa<0xE6><0xBC>', '<0xA2>a\ufffda', '漢</s>\n', '\ufffd\ufffda<0xE6>'
  ])
  t.strictSame((await documentsIn(folder, fixture('bytes.model'))).map(({ text }) => text), [
    'aa漢a\ufffda漢', '\ufffd\ufffda\ufffd'
  ])
})

t.test('documents: ids say where they begin, meta how many ids they have and whether they are whole', async t => {
  const id = await pieces('tiny.model')
  const folder = putShards(temporaryFolder(t), [
    ...id('▁', 'a'), EOS, EOS, ...id('▁', 'a', 'a', 'a', 'a'), EOS, ...id('▁', 'a')
  ])
  const shard = (index: number): string => relative(process.cwd(), join(folder, shardName(index)))
  const found = await documentsIn(folder, MODEL)
  t.strictSame(found, [
    { id: `${shard(0)}#0:0`, text: 'a', meta: { tokens: 3, complete: true } },
    { id: `${shard(0)}#0:3`, text: '', meta: { tokens: 1, complete: true } },
    { id: `${shard(0)}#1:0`, text: 'aaaa', meta: { tokens: 6, complete: true } },
    { id: `${shard(1)}#0:2`, text: 'a', meta: { tokens: 2, complete: false } }
  ])
  t.strictSame(
    (await documentsIn(join(folder, shardName(1)), MODEL)).map(({ text, meta }) => [text, meta]),
    [['a', { tokens: 2, complete: true }], ['a', { tokens: 2, complete: false }]]
  )
})

t.test('one shard alone: what it begins with is told by the one before it', async t => {
  const id = await pieces('tiny.model')
  const folder = putShards(temporaryFolder(t), [
    ...id('▁', 'a', '▁', 'a'), ...id('▁', 'a', '▁'), EOS, ...id('▁', 'a', '▁', 'a')
  ], { rowsPerShard: 1 })
  const text = async (index: number): Promise<string> =>
    (await documentsIn(join(folder, shardName(index)), MODEL))[0]!.text
  t.strictSame([await text(0), await text(1), await text(2)], ['a a', ' a ', 'a a'])
  rmSync(join(folder, shardName(0)))
  t.equal(await text(1), 'a ', 'without it, a shard begins a document')
})

t.test('a document that is too long is given in parts, each naming the one before it', async t => {
  const id = await pieces('bytes.model')
  const text = id('▁', 'a', 'a', 'a', '<0xE6>', '<0xBC>', '<0xA2>', 'a', '▁', 'a')
  const parts = await documentsIn(putShards(temporaryFolder(t), [...text, EOS, EOS]), fixture('bytes.model'), 3)
  t.strictSame(parts.map(({ text }) => text), ['aaa', '漢a ', 'a', ''])
  t.strictSame(parts.map(({ meta }) => meta), [
    { tokens: 4, complete: false },
    { tokens: 5, complete: false, continues: parts[0]!.id },
    { tokens: 2, complete: true, continues: parts[1]!.id },
    { tokens: 1, complete: true }
  ])
})

// There and back

/** What has come back of texts that were encoded, laid end to end and cut into rows. */
async function backOf (
  folder: string,
  texts: readonly string[],
  tokenizer: Tokenizer,
  model: string,
  { seqLen, rowsPerShard, dtype }: { seqLen: number, rowsPerShard: number, dtype: Dtype }
): Promise<{ documents: string[], rows: string[] }> {
  const ids = texts.flatMap(text => [...tokenizer.encode(text), tokenizer.eosId])
  ids.push(...new Array<number>(seqLen).fill(tokenizer.eosId)) // so that the last text isn't in the tail
  rmSync(folder, { recursive: true })
  putShards(folder, ids, { columns: seqLen, rowsPerShard, dtype })
  const documents = (await documentsIn(folder, model)).map(({ text }) => text)
  const shown = (await rowsIn(folder, model)).map(({ text }) => text).join('')
  const joined = shown.replace(/(?:<0x[0-9A-F]{2}>)+/g, names =>
    Buffer.from(names.replace(/<0x|>/g, ''), 'hex').toString())
  return { documents: documents.slice(0, texts.length), rows: joined.split('</s>\n').slice(0, texts.length) }
}

const layout = fc.record({
  seqLen: fc.integer({ min: 1, max: 9 }),
  rowsPerShard: fc.integer({ min: 2, max: 60 }),
  dtype: fc.constantFrom<Dtype>('int32', 'uint16', 'uint32')
})
/** SentencePiece takes U+2581 for a space, drops spaces at the ends, and makes runs of them one. */
const spaced = (words: string[]): string =>
  words.map(word => word.replace(/[ \u2581]/g, '')).filter(word => word !== '').join(' ')

async function checkRoundTrip (t: Test, model: string, text: fc.Arbitrary<string>): Promise<void> {
  const tokenizer = await loadTokenizer(model)
  const folder = folderInMemory(t)
  const runs = howMany(8, 100)
  let texts = 0
  await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 6 }), layout, async (list, how) => {
    const back = await backOf(folder, list, tokenizer, model, how)
    assert.deepEqual(back, { documents: list, rows: list })
    texts += list.length
  }), { numRuns: runs })
  t.ok(texts > runs, `${texts} texts`)
}

t.test('property: shards give back what they were made of, by documents and by rows (nmt_nfkc)', async t => {
  const model = join(ROOT, 'test/fixtures/quickstart.model')
  const { model: { pieces, normalizer } } = await loadTokenizer(model)
  t.equal(normalizer.name, 'nmt_nfkc')
  const known = pieces.filter(({ piece, type }) =>
    type === 'normal' && Array.from(piece).length === 1 && piece.normalize('NFKC') === piece && piece !== '▁').map(({
    piece
  }) => piece)
  t.ok(known.length > 100, `${known.length} letters`)
  const word = fc.oneof(fc.string({ unit: fc.constantFrom(...known), maxLength: 8 }), fc.constantFrom(
    'the', 'function', 'return', 'package'
  ))
  await checkRoundTrip(t, model, fc.array(word, { maxLength: 12 }).map(spaced).filter(text =>
    text.normalize('NFKC') === text))
})

t.test('property: with byte fallback and no normalization, any text comes back', async t => {
  // A string of fast-check's of any code points makes a map of all of them first, which takes a second.
  const any = fc.integer({ min: 0, max: 0x10_ffff }).map(code => String.fromCodePoint(code))
  const unit = fc.oneof(fc.constantFrom('the ', '漢', '🌊', 'é', '\n', '\ufffd'), any)
  const word = fc.string({ unit, maxLength: 6 }).map(word => word.toWellFormed())
  await checkRoundTrip(t, fixture('bytes.model'), fc.array(word, { maxLength: 6 }).map(words =>
    words.flatMap(word => word.split(/[ \u2581]+/))).map(spaced))
})

// Counts

async function statisticsOf (path: string, model: string, eosId?: number): Promise<ShardStatistics> {
  const decoder = await loadDecoder(fixture(model))
  return await shardStatistics(await openShards(path), { decoder, eosId: eosId ?? decoder.eosId })
}

t.test('counts: documents, their lengths, ends in a sequence, unknown ids and bytes', async t => {
  const id = await pieces('bytes.model')
  const [a, byte] = id('a', '<0xE6>') as [number, number]
  const folder = putShards(temporaryFolder(t), [a, EOS, EOS, a, UNK, byte, byte, a, a, a, EOS, a, EOS, a, a, UNK])
  t.strictSame(await statisticsOf(folder, 'bytes.model'), {
    shards: 2,
    sequences: 4,
    seq_len: 4,
    ids: 16,
    documents: 4,
    open_ids: 3,
    document_ids: { mean: 13 / 4, min: 1, max: 8 },
    document_lengths: [
      { from: 1, to: 1, documents: 1 }, { from: 2, to: 3, documents: 2 }, { from: 4, to: 7, documents: 0 },
      { from: 8, to: 15, documents: 1 }
    ],
    unknown_ids: 2,
    byte_ids: 2,
    ends_per_sequence: { mean: 1, min: 0, max: 2 },
    outside_ids: 0,
    first_outside: null
  })
  t.match(await statisticsOf(folder, 'bytes.model', a), { documents: 8, open_ids: 1 })
})

t.test('counts are the same whatever the blocks: many rows, and one row of several blocks', async t => {
  const ids = Array.from({ length: 700_000 }, (_, i) => i % 7 === 6 ? EOS : 3)
  const expected = { ids: 700_000, documents: 100_000, open_ids: 0, document_ids: { mean: 7, min: 7, max: 7 } }
  for (const [columns, dtype, ends] of ([[7, 'int32', 1], [350_000, 'uint16', 50_000], [700_000, 'int32', 100_000]] as const).slice(0, howMany(2, 3))) {
    const folder = putShards(temporaryFolder(t), ids, { columns, rowsPerShard: 60_000, dtype })
    t.match(await statisticsOf(folder, 'tiny.model'), {
      ...expected, ends_per_sequence: { mean: ends, min: ends, max: ends }
    })
  }
})

t.test('the judge\'s shards: as many ends as documents', async t => {
  const { packed } = answers()
  const folder = putShards(temporaryFolder(t), packed.rows.flat(), { columns: packed.seq_len, rowsPerShard: 10 })
  const ends = packed.rows.flat().filter(id => id === EOS).length
  t.match(await statisticsOf(folder, 'tiny.model'), { shards: 4, sequences: packed.rows.length, documents: ends })
  const texts = answers().records.flatMap(({ text }) => typeof text === 'string' ? [text] : [])
  t.strictSame(
    (await documentsIn(folder, MODEL)).filter(({ meta }) => meta.complete === true).map(({ text }) => text),
    texts.slice(0, ends)
  )
})

// What can be wrong

t.test('an id that isn\'t in the vocabulary: an error with its place, and a count', async t => {
  const folder = putShards(temporaryFolder(t), [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 85, 3, 3, 90, 3, 3])
  for (const read of [documentsIn, rowsIn]) {
    t.match(await failure(read(folder, MODEL)), {
      code: 'ERR_SHARD',
      message: /shard_00001\.npy: id 85 in row 0, column 2 is not in the vocabulary, expected 0 to 84; is it the tokenizer/
    })
  }
  t.match(await rowsIn(folder, MODEL, { from: 0, to: 2 }), [{ row: 0 }, { row: 1 }])
  t.match(await statisticsOf(folder, 'tiny.model'), {
    outside_ids: 2, first_outside: { path: /shard_00001\.npy$/, row: 0, column: 2, id: 85 }
  })
  const negative = Buffer.concat([npyHeader({ dtype: 'int32', rows: 1, columns: 1 }), Buffer.from('ffffffff', 'hex')])
  t.match(await statisticsOf(put(temporaryFolder(t), 'x.npy', negative), 'tiny.model'), {
    outside_ids: 1, first_outside: { id: -1 }
  })
  const large = Buffer.concat([npyHeader({ dtype: 'uint32', rows: 1, columns: 1 }), Buffer.from('ffffffff', 'hex')])
  t.match(await statisticsOf(put(temporaryFolder(t), 'x.npy', large), 'tiny.model'), {
    outside_ids: 1, first_outside: { id: 2 ** 32 - 1 }
  })
})

t.test('what is no folder of shards', async t => {
  const folder = temporaryFolder(t)
  t.match(await failure(openShards(join(folder, 'none'))), { code: 'ERR_FILES', message: /none: no such file/ })
  t.match(await failure(openShards(folder)), {
    code: 'ERR_FILES', message: /holds no shards, expected shard_00000\.npy/
  })
  putShards(folder, Array.from({ length: 32 }, () => 3))
  rmSync(join(folder, shardName(2)))
  t.match(await failure(openShards(folder)), {
    code: 'ERR_SHARD',
    message: /shard_00003\.npy follows on shard_00001\.npy, expected shard_00002\.npy, which is missing/
  })
  put(folder, shardName(2), readFileSync(putShards(temporaryFolder(t), [3, 3, 3], { columns: 3 }) + '/shard_00000.npy'))
  t.match(await failure(openShards(folder)), {
    code: 'ERR_SHARD', message: /shard_00002\.npy: has rows of 3 ids, expected 4, as .*shard_00000\.npy has/
  })
  const cut = put(folder, 'cut.npy', readFileSync(join(folder, shardName(0))).subarray(0, -1))
  t.match(await failure(openShards(cut)), {
    code: 'ERR_SHARD', message: /cut\.npy: has 159 bytes, expected 160 for shape \(2, 4\) of int32/
  })
  t.match(await failure(openShards(put(folder, 'text.npy', 'no shard'))), {
    code: 'ERR_SHARD', message: /text\.npy: not a \.npy file of format 1\.0/
  })
})

t.test('a shard that shrinks while it is read, a reader that stops early, and an abort: the file is closed', async t => {
  const path = join(
    putShards(temporaryFolder(t), new Array<number>(600_000).fill(3), { columns: 600_000 }), shardName(0)
  )
  const { shards: [shard] } = await openShards(path)
  const open = (): number => readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(
    `/proc/self/fd/${fd}`
      ) === path
    } catch { return false }
  }).length
  const reader = readIds(shard!)
  t.match(await reader.next(), { value: { first: 0 } })
  await reader.return(undefined)
  t.match(await failure(all(readIds(shard!, { signal: AbortSignal.abort() }))), { code: 'ERR_ABORTED' })
  t.match(await failure(all(readIds({ ...shard!, rows: 2 }))), {
    code: 'ERR_SHARD', message: /ends at byte 2400128, expected 4800128 bytes; it was changed while it was read/
  })
  if (existsSync('/proc/self/fd')) t.equal(open(), 0, 'no descriptor is left open')
})

// The command

t.test('the command: rows, documents into a pipe, counts', async t => {
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

  t.match(await inspect(shards, { tokenizerPath: MODEL, stats: true }), {
    shards: 2, sequences: 32, seq_len: 64, ids: 2048, documents: whole
  })
  t.match((await show('--stats')).stdout, new RegExp('^shards +2, with 32 sequences of 64 ids: ' +
    `2,048 ids\\ndocuments +${whole} ended.*\\n.*mean.*\\n.*mean.*\\nunknown +0 \\(0.*\\n.*\\nnot in the ` +
    'vocabulary +0\\n\\nids +documents\\n.*#'))

  t.match(await failure(inspect(shards, { tokenizerPath: MODEL, row: 32 })), {
    code: 'ERR_OPTION', message: 'inspect.row: ' + shards + ' has 32 rows, expected 0 to 31, or -32 to -1, got 32'
  })
  t.match(await failure(inspect(shards, { tokenizerPath: MODEL, row: -33 })), { code: 'ERR_OPTION' })
  for (const more of [{ row: 1, documents: true }, { rows: 1, stats: true }, { documents: true, stats: true }]) {
    t.match(await failure(inspect(shards, { tokenizerPath: MODEL, ...more })), {
      code: 'ERR_OPTION', message: /expected one of rows/
    })
  }
})

t.test('an abort stops each way of reading', async t => {
  const folder = putShards(temporaryFolder(t), [3, 3, 3, 3])
  for (const how of [{}, { documents: true }, { stats: true }]) {
    t.match(
      await failure(inspect(folder, { tokenizerPath: MODEL, ...how }, { signal: AbortSignal.abort() })),
      { code: 'ERR_ABORTED' }
    )
  }
})

t.test('a model without an end of sentence asks for --eos-id', async t => {
  const folder = putShards(temporaryFolder(t), [3, 4, 3, 5])
  const args = ['inspect', folder, '--tokenizer-path', fixture('no-eos.model'), '--stats', '--json']
  t.match(await command(args), {
    code: 2, stderr: /no end-of-sentence piece; name the id .*--eos-id.*\[ERR_TOKENIZER\]/
  })
  t.match(JSON.parse((await command([...args, '--eos-id', '3'])).stdout), { documents: 2, open_ids: 1 })
})

t.test('a reader that has seen enough ends it quietly', async t => {
  const folder = putShards(temporaryFolder(t), Array.from({ length: howMany(150_000, 400_000) }, (_, i) =>
    i % 50 === 0 ? EOS : 5), { columns: 100, rowsPerShard: 1000 })
  for (const args of [['--documents'], ['--rows', '4000']].slice(0, howMany(1, 2))) {
    const running = sluice(['inspect', folder, '--tokenizer-path', MODEL, ...args])
    running.child.stdout!.once('data', () => { running.child.stdout!.destroy() })
    t.match(await running, { code: 0, stderr: '' })
  }
})

t.test('the tokenizer is found by the checkpoint or the stats beside the shards; else ids are shown', async t => {
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
  t.match(await show(folder, 'out/shards', '--stats'), { code: 0, stdout: /^documents +\d/m })
  t.match(
    await show(folder, 'out/shards', '--rows', '32'), { stderr: /^inspect: 32 rows, decoded by tok\/spm\.model\n$/ }
  )
  t.match(JSON.parse((await show(folder, 'out/shards', '--json')).stderr), {
    of: 'row', count: 3, rows: 32, tokenizer_path: 'tok/spm.model', note: null
  })
  t.match(await show(folder, 'out/shards', '--tokenizer-path', fixture('bytes.model')), {
    code: 0,
    stderr: /bytes\.model is not the tokenizer that the shards were made with: it has SHA-256 [0-9a-f]{64}, and out\/shards\/checkpoint\.json says /
  })

  rmSync(join(folder, 'out/shards/checkpoint.json'))
  t.match(await show(folder, 'out/shards'), decoded, 'by the stats alone')

  const asIds = /^\[0\] out\/shards\/shard_00000\.npy, row 0\n(?:\d+ ){63}\d+\n\[1\] /
  put(folder, 'tok/spm.model', readFileSync(fixture('bytes.model')))
  t.match(await show(folder, 'out/shards'), {
    code: 0,
    stdout: asIds,
    stderr: /^inspect: 3 of 32 rows, as ids; .*\ninspect: tok\/spm\.model, the tokenizer that .*stats\.json names, is another one now: it has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}; name it by --tokenizer-path\n$/
  })
  rmSync(model)
  t.match(await show(folder, 'out/shards'), {
    code: 0, stdout: asIds, stderr: /tok\/spm\.model, the tokenizer that .*stats\.json names, cannot be read/
  })
  rmSync(join(folder, 'stats.json'))
  t.match(await show(folder, 'out/shards', '--row', '-1'), {
    code: 0,
    stdout: /^\[31\] .*\n(?:\d+ ){63}\d+\n$/,
    stderr: /neither a checkpoint nor stats beside the shards say which tokenizer made them; name it by --tokenizer-path/
  })
  for (const how of ['--stats', '--documents']) {
    t.match(await show(folder, 'out/shards', how), {
      code: 2,
      stdout: '',
      stderr: /^sluice: --tokenizer-path: it is missing, expected the SentencePiece \.model file .*\[ERR_OPTION\]/
    })
  }
})

t.test('files beside shards that are no stats tell nothing', async t => {
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
