import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { codeOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { packageRoot } from '../../lib/package.ts'
import { flatFormats, rowFormat, rowFormats } from '../../lib/shards/formats/formats.ts'
import { dtypes } from '../../lib/shards/npy.ts'
import { flatSink } from '../../sinks/flat.ts'
import { rowSink } from '../../sinks/rows.ts'
import { failure, filesIn, howMany, temporaryFolder } from '../helpers.ts'
import { rowsOf } from '../lib/parquet/helpers.ts'

const DOCUMENTS = [[5, 6, 7, 2], [8, 2], [9, 10, 11, 12, 13, 2]]
const ROWS = [[5, 6, 7, 2], [8, 2, 9, 10], [11, 12, 13, 2]]
const made = JSON.parse(readFileSync(join(packageRoot(), 'test/fixtures/formats.json'), 'utf8')) as
  Record<string, Record<string, string>>

const flat = (documents: readonly number[][]): Readable =>
  Readable.from(documents.map(ids => ({ ids: Int32Array.from(ids) })))
const rows = (sequences: readonly number[][]): Readable => Readable.from(sequences.map(ids => Int32Array.from(ids)))

/** The files in a folder, in base64; those of gzip decompressed, as their bytes depend on zlib. */
function bytesIn (folder: string): Record<string, string> {
  return Object.fromEntries(filesIn(folder).map(file => {
    const bytes = readFileSync(join(folder, file))
    const isGzip = file.endsWith('.gz')
    return [isGzip ? file.slice(0, -3) : file, (isGzip ? gunzipSync(bytes) : bytes).toString('base64')]
  }))
}

t.test('files equal those of the trainers\' own writers', async t => {
  for (const [name, files] of Object.entries(made)) {
    const folder = join(temporaryFolder(t), 'shards')
    const [format, dtype] = name.split(' ') as ['ds' | 'mds', 'uint16']
    const options = { dtype, vocabSize: 100 }
    await (format === 'mds'
      ? pipeline(rows(ROWS), rowSink(folder, { ...options, format, seqLen: 4 }))
      : pipeline(flat(DOCUMENTS), flatSink(folder, { ...options, format })))
    t.strictSame(bytesIn(folder), files, name)
  }
})

t.test('a file of llm.c has a header of 256 numbers', async t => {
  for (const [vocabSize, magic, version, bytes] of [[100, 20240520, 1, 2], [128_256, 20240801, 7, 4]] as const) {
    const folder = join(temporaryFolder(t), 'shards')
    await pipeline(flat(DOCUMENTS), flatSink(folder, { format: 'llmc', vocabSize }))
    const file = readFileSync(join(folder, 'shard_00000.bin'))
    const header = Array.from({ length: 256 }, (_, i) => file.readInt32LE(4 * i))
    t.strictSame(header, [magic, version, 12, ...new Array<number>(253).fill(0)])
    const ids = Array.from({ length: 12 }, (_, i) => file.readUIntLE(1024 + i * bytes, bytes))
    t.strictSame(ids, DOCUMENTS.flat())
    t.equal(file.length, 1024 + 12 * bytes)
  }
})

t.test('parquet has the ids as lists, in rows and types as given', async t => {
  for (const dtype of dtypes) {
    const shapes = [[1, 1], [3, 4], [600, 500], [2, 270_000]] as const
    for (const [count, seqLen] of dtype === 'int32' ? shapes : shapes.slice(0, howMany(2, 4))) {
      const folder = join(temporaryFolder(t), 'shards')
      const given = Array.from({ length: count }, (_, i) => Array.from({ length: seqLen }, (_, j) => (i * 7 + j) % 99))
      await pipeline(rows(given), rowSink(folder, { format: 'parquet', seqLen, dtype, vocabSize: 100 }))
      const found = await rowsOf(readFileSync(join(folder, 'shard_00000.parquet')), { columns: ['input_ids'] })
      t.same(found.map(([ids]) => (ids as number[]).map(Number)), given, `${count} rows of ${seqLen} ${dtype}`)
      const blocks: Buffer[] = []
      const shape = { dtype, columns: seqLen }
      const path = join(folder, 'shard_00000.parquet')
      for await (const block of rowFormat('parquet').read(path, shape)) blocks.push(block)
      t.equal(Buffer.concat(blocks).length, count * seqLen * (dtype === 'uint16' ? 2 : 4))
    }
  }
})

t.test('files are cut between documents, and nothing is left out', async t => {
  for (const format of flatFormats) {
    const folder = join(temporaryFolder(t), 'shards')
    const sink = flatSink(folder, { format, vocabSize: 100, tokensPerShard: 6 })
    await pipeline(flat([...DOCUMENTS, [3], [4, 2], [1, 1, 1, 1, 1, 1, 1, 2], [5, 2]]), sink)
    const sizes = sink.stats.shards.map(({ tokens, ended }) => [tokens, ended])
    t.strictSame(sizes, [[6, 2], [6, 1], [3, 2], [8, 1], [2, 1]])
    t.match(sink.stats, { in: 7, out: 7, tokens: 25, dropped: {} })
    const listed = sink.stats.shards.flatMap(shard => [shard, ...(shard.index === undefined ? [] : [shard.index])])
    t.strictSame(listed.map(({ file }) => file).sort(), filesIn(folder))
    for (const { file, bytes, sha256: hash } of listed) {
      const content = readFileSync(join(folder, file))
      t.strictSame([content.length, sha256(content)], [bytes, hash], file)
    }
  }
})

async function code (work: Promise<unknown>): Promise<string | undefined> {
  return codeOf(await failure(work))
}

type Sink = ReturnType<typeof flatSink> | ReturnType<typeof rowSink>

/** Writes items, saves, and destroys the sink. */
async function stopped (sink: Sink, items: ReadonlyArray<{ ids: Int32Array } | Int32Array>): Promise<unknown> {
  for (const item of items) await new Promise<void>(resolve => { (sink as Writable).write(item, () => { resolve() }) })
  const state = JSON.parse(JSON.stringify(await sink.save())) as unknown
  await new Promise(resolve => { sink.once('close', resolve).destroy() })
  return state
}

t.test('a sink resumes anywhere, also after the files were finished', async t => {
  const documents = Array.from({ length: 6 }, (_, i) => [...new Array<number>(i % 4).fill(i + 3), 2])
  const sequences = documents.map((_, i) => [i, i + 1, i + 2, i + 3])
  const cases = [
    ...flatFormats.map(format => ({
      name: format,
      make: (folder: string, resumable: boolean): Sink =>
        flatSink(folder, { format, vocabSize: 100, tokensPerShard: 7, resumable }),
      items: documents.map(ids => ({ ids: Int32Array.from(ids) }))
    })),
    ...rowFormats.map(format => ({
      name: format,
      make: (folder: string, resumable: boolean): Sink =>
        rowSink(folder, { format, vocabSize: 100, seqLen: 4, sequencesPerShard: 3, resumable }),
      items: sequences.map(ids => Int32Array.from(ids))
    }))
  ]
  for (const { name, make, items } of cases) {
    const whole = join(temporaryFolder(t), 'whole')
    await pipeline(Readable.from(items), make(whole, false) as ReturnType<typeof flatSink>)
    for (let at = 0; at <= items.length; at += howMany(2, 1)) {
      const folder = join(temporaryFolder(t), 'shards')
      const state = await stopped(make(folder, true), items.slice(0, at))
      for (const attempt of ['after the save', 'after the end']) {
        const sink = make(folder, true)
        sink.restore(state)
        await pipeline(Readable.from(items.slice(at)), sink as ReturnType<typeof flatSink>)
        t.strictSame(bytesIn(folder), bytesIn(whole), `${name}, from ${at}, ${attempt}`)
        t.equal(sink.stats.in, items.length)
      }
    }
  }
})

t.test('bad input is refused', async t => {
  const folder = join(temporaryFolder(t), 'shards')
  t.throws(() => flatSink(folder, { format: 'llmc', vocabSize: 100_000 }), { code: 'ERR_OPTION', message: /Llama 3/ })
  t.throws(() => flatSink(folder, { format: 'olmo', vocabSize: 100, dtype: 'int32' }), {
    code: 'ERR_OPTION', message: /use uint16 or uint32/
  })
  t.throws(() => rowSink(folder, { format: 'mds', seqLen: 4, vocabSize: 70_000, dtype: 'uint16' }), {
    code: 'ERR_OPTION', message: /use int32 or uint32/
  })
  t.strictSame(readdirSync(join(folder, '..')), [], 'nothing is written')
  const sink = (): ReturnType<typeof flatSink> => flatSink(folder, { format: 'ds', vocabSize: 100 })
  t.equal(await code(pipeline(flat([[100]]), sink())), 'ERR_SHARD')
  const short = rowSink(folder, { format: 'mds', seqLen: 2, vocabSize: 9 })
  t.equal(await code(pipeline(rows([[1]]), short)), 'ERR_SHARD')
  t.strictSame(filesIn(folder), [], 'no unfinished file is left')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'shard_00000.npy'), 'of another run')
  t.equal(await code(pipeline(flat(DOCUMENTS), sink())), 'ERR_OUTPUT_EXISTS')
  await pipeline(flat(DOCUMENTS), flatSink(folder, { format: 'ds', vocabSize: 100, overwrite: true }))
  t.strictSame(filesIn(folder), ['shard_00000.ds', 'shard_00000.ds.index'])
})

t.test('damaged files are reported when they are read', async t => {
  for (const format of rowFormats) {
    const folder = join(temporaryFolder(t), 'shards')
    await pipeline(rows(ROWS), rowSink(folder, { format, seqLen: 4, vocabSize: 100 }))
    const [file] = filesIn(folder).filter(name => name.startsWith('shard'))
    const path = join(folder, file!)
    const bytes = readFileSync(path)
    const read = async (columns = 4): Promise<void> => {
      for await (const block of rowFormat(format).read(path, { dtype: 'int32', columns })) if (block.length < 0) return
    }
    t.equal(await code(read(3)), 'ERR_SHARD', `${format}: another length`)
    for (const [name, damaged] of Object.entries({
      'cut off': bytes.subarray(0, -1),
      empty: Buffer.alloc(0),
      'another start': Buffer.concat([Buffer.from('xx'), bytes.subarray(2)])
    })) {
      writeFileSync(path, damaged)
      t.equal(await code(read()), 'ERR_SHARD', `${format}: ${name}`)
    }
  }
})
