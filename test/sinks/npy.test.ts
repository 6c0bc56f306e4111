import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { t } from '../tap.ts'
import { sha256 } from '../../lib/hash.ts'
import { dtypes, readNpy } from '../../lib/shards/npy.ts'
import { listShards } from '../../lib/shards/names.ts'
import { npySink } from '../../sinks/npy.ts'
import { answers, closed, failure, filesIn, put, temporaryFolder } from '../helpers.ts'

const sequences = (rows: ReadonlyArray<readonly number[]>): Readable =>
  Readable.from(rows.map(row => Int32Array.from(row)))
const counting = (n: number): number[][] => Array.from({ length: n }, (_, i) => [i, i + 1, i + 2])

async function rowsIn (folder: string): Promise<number[][][]> {
  return (await listShards(folder)).map(name => {
    const { rows, columns, data } = readNpy(readFileSync(join(folder, name)))
    return Array.from({ length: rows }, (_, row) => Array.from(data.subarray(row * columns, (row + 1) * columns)))
  })
}

t.test('shards have the requested number of sequences, the last one has the rest', async t => {
  for (const [count, shards] of [[0, []], [1, [1]], [3, [3]], [4, [3, 1]], [9, [3, 3, 3]]] as const) {
    const folder = temporaryFolder(t)
    const sink = npySink(join(folder, 'shards'), { sequencesPerShard: 3 })
    await pipeline(sequences(counting(count)), sink)
    const found = await rowsIn(join(folder, 'shards'))
    t.strictSame(found.map(({ length }) => length), shards)
    t.strictSame(found.flat(), counting(count))
    t.match(sink.stats, { in: count, out: count, dropped: {} })
    t.strictSame(sink.stats.shards.map(({ file, sha256: hash }) => [file, hash]), filesIn(join(folder, 'shards'))
      .map(file => [file, sha256(readFileSync(join(folder, 'shards', file)))]))
  }
})

t.test('the bytes of a file equal those of numpy.save', async t => {
  for (const dtype of dtypes) {
    const { rows, bytes } = answers().npy[dtype]
    if (dtype === 'uint32') t.ok(rows.flat().every(id => id < 2 ** 31), 'ids are int32 in a flow')
    const folder = temporaryFolder(t)
    await pipeline(sequences(rows), npySink(folder, { dtype }))
    t.equal(readFileSync(join(folder, 'shard_00000.npy')).toString('hex'), bytes, dtype)
  }
})

t.test('property: written shards are read back', async t => {
  const folder = temporaryFolder(t)
  let checked = 0
  const rows = fc.integer({ min: 1, max: 6 }).chain(columns =>
    fc.array(fc.array(fc.nat(65535), { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 20 }))
  const sizes = fc.integer({ min: 1, max: 7 })
  await fc.assert(fc.asyncProperty(rows, fc.constantFrom(...dtypes), sizes, async (rows, dtype, sequencesPerShard) => {
    await pipeline(sequences(rows), npySink(folder, {
      dtype, sequencesPerShard, seqLen: rows[0]!.length, overwrite: true
    }))
    t.strictSame((await rowsIn(folder)).flat(), rows)
    checked++
  }), { numRuns: 40 })
  t.equal(checked, 40)
})

t.test('shards of another run are refused, and with overwrite all of them are deleted', async t => {
  const folder = temporaryFolder(t)
  await pipeline(sequences(counting(9)), npySink(folder, { sequencesPerShard: 2 }))
  put(folder, 'notes.txt', 'mine')
  const before = filesIn(folder).map(name => readFileSync(join(folder, name)).toString('hex'))
  t.match(await failure(pipeline(sequences(counting(1)), npySink(folder))), {
    code: 'ERR_OUTPUT_EXISTS', exitCode: 2, message: /holds 5 shards/
  })
  t.strictSame(filesIn(folder).map(name => readFileSync(join(folder, name)).toString('hex')), before)
  put(folder, 'shard_00007.npy.1234567.tmp', 'left by a run that was killed')
  npySink(folder, { overwrite: true }) // created, but not used
  await new Promise(resolve => setTimeout(resolve, 10))
  t.equal(filesIn(folder).length, 7, 'no shard is deleted before the first sequence arrives')
  await pipeline(sequences(counting(1)), npySink(folder, { overwrite: true }))
  t.strictSame(filesIn(folder), ['notes.txt', 'shard_00000.npy'])
})

t.test('a sequence of another length or with a wrong id is refused, and complete shards are kept', async t => {
  const folder = temporaryFolder(t)
  const sink = npySink(folder, { sequencesPerShard: 2 })
  t.match(await failure(pipeline(sequences([[1, 2], [3, 4], [5, 6], [7]]), sink)), {
    code: 'ERR_SHARD', message: /a sequence of 1 ids, expected 2/
  })
  await closed(sink)
  t.strictSame(filesIn(folder), ['shard_00000.npy'])
  t.match(
    await failure(pipeline(sequences([[1, 300]]), npySink(join(folder, 'b'), { vocabSize: 300 }))),
    { code: 'ERR_SHARD', message: /300.*0 to 299/ }
  )
  t.match(
    await failure(pipeline(sequences([[1, 70_000]]), npySink(join(folder, 'b'), { dtype: 'uint16' }))),
    { code: 'ERR_SHARD', message: /0 to 65535/ }
  )
  t.match(await failure(pipeline(sequences([[1]]), npySink(join(folder, 'b'), { seqLen: 2 }))), { code: 'ERR_SHARD' })
  t.strictSame(filesIn(folder), ['shard_00000.npy'])
})

t.test('an abort at any time leaves complete shards only', async t => {
  const folder = temporaryFolder(t)
  for (let delay = 0; delay < 12; delay++) {
    const stop = new AbortController()
    const sink = npySink(folder, { sequencesPerShard: 50, overwrite: true })
    async function * endless (): AsyncGenerator<Int32Array> {
      for (let i = 0; ; i++) {
        if (i % 20 === 0) await new Promise(resolve => setImmediate(resolve))
        yield new Int32Array(2048).fill(i)
      }
    }
    setTimeout(() => { stop.abort() }, delay)
    t.match(await failure(pipeline(Readable.from(endless()), sink, { signal: stop.signal })), { name: 'AbortError' })
    await closed(sink)
    t.strictSame(filesIn(folder).filter(name => !name.endsWith('.npy')), [], `after ${delay} ms`)
    for (const name of await listShards(folder)) t.equal(readNpy(readFileSync(join(folder, name))).rows, 50)
  }
})

t.test('options are validated, and a folder that can\'t be created is reported', async t => {
  t.throws(() => npySink('a', { dtype: 'float32' as never }), { code: 'ERR_OPTION', message: /npy\.dtype/ })
  const file = put(temporaryFolder(t), 'file', '')
  t.match(await failure(pipeline(sequences([[1]]), npySink(join(file, 'shards')))), {
    code: 'ERR_OUTPUT', message: /file\/shards: cannot be written/
  })
})

t.test('old shards are deleted only after a new one has taken their place', async t => {
  const folder = temporaryFolder(t)
  await pipeline(sequences(counting(4)), npySink(folder, { sequencesPerShard: 2 }))
  const overwriting = (rows: Readable): Promise<unknown> =>
    failure(pipeline(rows, npySink(folder, { sequencesPerShard: 2, overwrite: true })))
  t.match(await overwriting(sequences([])), {
    code: 'ERR_OUTPUT_EXISTS', message: /there is nothing to write, so the 2 shards of another run are kept/
  })
  t.match(await overwriting(sequences([[1, 2, 3], [1]])), { code: 'ERR_SHARD' })
  await new Promise(resolve => setTimeout(resolve, 20))
  t.strictSame((await rowsIn(folder)).flat(), counting(4))
  await pipeline(sequences(counting(1)), npySink(folder, { overwrite: true }))
  t.strictSame((await rowsIn(folder)).flat(), counting(1))
})

t.test('two runs into one folder detect each other, and no shard is replaced', async t => {
  const folder = temporaryFolder(t)
  async function * meanwhile (): AsyncGenerator<Int32Array> {
    yield Int32Array.of(1, 2)
    await new Promise(resolve => setTimeout(resolve, 30))
    put(folder, 'shard_00000.npy', 'of another run')
    yield Int32Array.of(3, 4)
  }
  t.match(await failure(pipeline(Readable.from(meanwhile()), npySink(folder))), {
    code: 'ERR_OUTPUT_EXISTS', message: /shard_00000\.npy: was written by another run in the meantime/
  })
  t.equal(readFileSync(join(folder, 'shard_00000.npy'), 'utf8'), 'of another run')
})

t.test('a sequence without ids is refused', async t => {
  t.match(await failure(pipeline(sequences([[]]), npySink(temporaryFolder(t)))), {
    code: 'ERR_SHARD', message: /without ids/
  })
})
