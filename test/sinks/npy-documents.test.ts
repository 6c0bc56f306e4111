import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { t } from '../tap.ts'
import type { DocumentPart, Sequence } from '../../lib/document.ts'
import { sha256 } from '../../lib/hash.ts'
import { type DocumentRecord, readDocuments } from '../../lib/shards/documents.ts'
import { type NpySink, type NpySinkState, npySink } from '../../sinks/npy.ts'
import { closed, failure, filesIn, folderInMemory, temporaryFolder } from '../helpers.ts'
import { bytesIn, killed } from './npy-runs.ts'

const LARGE_ID = 0xffff_ffff_ffff_fffen

/** Seven rows of three ids; a document begins in each, and one continues from the row before. */
const ROWS: readonly Sequence[] = Array.from({ length: 7 }, (_, row) => {
  const before: DocumentPart = { id: LARGE_ID - BigInt(row), offset: 2, start: 0, length: 1 }
  const own: DocumentPart = { id: LARGE_ID - BigInt(row + 1), offset: 0, start: 1, length: 2 }
  const parts = row === 0 ? [{ ...own, start: 0, length: 2 }] : [before, own]
  return Object.assign(Int32Array.of(row, row + 1, row + 2), { parts })
})

function sinkInto (folder: string, state: NpySinkState | null = null): NpySink {
  const sink = npySink(folder, { sequencesPerShard: 3, resumable: true })
  if (state !== null) sink.restore(state)
  return sink
}

async function recordsIn (path: string): Promise<DocumentRecord[]> {
  const found: DocumentRecord[] = []
  for await (const records of readDocuments(path)) found.push(...records)
  return found
}

t.test('the documents of each shard are next to it, a record for each in each row', async t => {
  const folder = temporaryFolder(t)
  const sink = sinkInto(folder)
  await pipeline(Readable.from(ROWS), sink)
  const names = ['shard_00000', 'shard_00001', 'shard_00002']
  t.strictSame(filesIn(folder), names.flatMap(name => [`${name}.docs`, `${name}.npy`]))
  for (const [i, name] of names.entries()) {
    const rows = ROWS.slice(3 * i, 3 * i + 3)
    const records = await recordsIn(join(folder, `${name}.docs`))
    t.strictSame(records, rows.flatMap(({ parts }, row) =>
      parts!.map(({ id, offset, start, length }) => ({ row, column: start, length, offset, id }))))
    const bytes = readFileSync(join(folder, `${name}.docs`))
    t.strictSame(sink.stats.shards[i]!.documents, {
      file: `${name}.docs`,
      records: records.length,
      begun: records.filter(({ offset }) => offset === 0).length,
      bytes: 24 * records.length,
      sha256: sha256(bytes)
    })
  }
  t.equal(readFileSync(join(folder, 'shard_00001.docs')).subarray(0, 24).toString('hex'),
    '00000000' + '00000000' + '01000000' + '02000000' + 'fbffffffffffffff')
})

/** Writes rows `from` to `to`, saves, and fails after `lost` more. */
async function cut (sink: NpySink, from: number, to: number, lost = 0): Promise<NpySinkState> {
  return await killed(sink, ROWS.slice(from, to), ROWS.slice(to, to + lost))
}

t.test('saved at any row and resumed, documents and stats are those of one pass', async t => {
  const folders = folderInMemory(t)
  const whole = sinkInto(join(folders, 'whole'))
  await pipeline(Readable.from(ROWS), whole)
  for (let at = 0; at <= ROWS.length; at++) {
    for (const lost of [0, 1, 4]) {
      const folder = join(folders, `${at}-${lost}`)
      const state = await cut(sinkInto(folder), 0, at, lost)
      const sink = sinkInto(folder, state)
      await pipeline(Readable.from(ROWS.slice(at)), sink)
      t.strictSame(sink.stats, whole.stats, `${at}, ${lost} lost`)
      t.strictSame(bytesIn(folder), bytesIn(join(folders, 'whole')), `${at}, ${lost} lost`)
    }
  }
})

t.test('a run that was killed after the documents got their name, and before the shard did, is resumed', async t => {
  const folder = folderInMemory(t)
  const state = await cut(sinkInto(folder), 0, 2)
  await pipeline(Readable.from(ROWS.slice(2)), sinkInto(folder, state))
  const whole = bytesIn(folder)
  writeFileSync(join(folder, 'shard_00000.npy.partial'), readFileSync(join(folder, 'shard_00000.npy')))
  rmSync(join(folder, 'shard_00000.npy'))
  await pipeline(Readable.from(ROWS.slice(2)), sinkInto(folder, state))
  t.strictSame(bytesIn(folder), whole)
})

t.test('documents that are changed or missing are refused when a run resumes', async t => {
  for (const [rows, file] of [[2, 'shard_00000.docs.partial'], [5, 'shard_00000.docs']] as const) {
    const folder = folderInMemory(t)
    const state = await cut(sinkInto(folder), 0, rows)
    const path = join(folder, file)
    writeFileSync(path, readFileSync(path).subarray(1))
    t.match(await failure(pipeline(Readable.from(ROWS.slice(rows)), sinkInto(folder, state))), {
      code: 'ERR_CHECKPOINT', message: /shard_00000\.docs/
    })
    rmSync(path)
    t.match(await failure(pipeline(Readable.from(ROWS.slice(rows)), sinkInto(folder, state))), {
      code: 'ERR_CHECKPOINT', message: /shard_00000\.docs/
    })
  }
})

t.test('an abort at any time leaves no shard without its documents', async t => {
  const folder = temporaryFolder(t)
  const sequence = Object.assign(new Int32Array(2048), { parts: [{ id: 1n, offset: 0, start: 0, length: 2048 }] })
  for (let delay = 0; delay < 12; delay++) {
    const stop = new AbortController()
    const sink = npySink(folder, { sequencesPerShard: 50, overwrite: true })
    async function * endless (): AsyncGenerator<Sequence> {
      for (let i = 0; ; i++) {
        if (i % 20 === 0) await new Promise(resolve => setImmediate(resolve))
        yield sequence
      }
    }
    setTimeout(() => { stop.abort() }, delay)
    t.match(await failure(pipeline(Readable.from(endless()), sink, { signal: stop.signal })), { name: 'AbortError' })
    await closed(sink)
    const names = filesIn(folder)
    const shards = names.filter(name => name.endsWith('.npy'))
    t.strictSame(names.filter(name => !name.endsWith('.npy')), shards.map(name => name.replace('.npy', '.docs')))
  }
})

t.test('overwritten shards lose their documents, and a new run deletes documents without a shard', async t => {
  const folder = temporaryFolder(t)
  await pipeline(Readable.from(ROWS), npySink(folder, { sequencesPerShard: 2 }))
  t.equal(filesIn(folder).length, 8)
  await pipeline(Readable.from([Int32Array.of(1)]), npySink(folder, { overwrite: true }))
  t.strictSame(filesIn(folder), ['shard_00000.npy'])
  rmSync(join(folder, 'shard_00000.npy'))
  for (const name of ['shard_00000.docs', 'shard_00009.docs', 'shard_00009.docs.partial', 'mine.docs']) {
    writeFileSync(join(folder, name), 'x')
  }
  await pipeline(Readable.from(ROWS.slice(0, 1)), sinkInto(folder))
  t.strictSame(filesIn(folder), ['mine.docs', 'shard_00000.docs', 'shard_00000.npy'])
})

t.test('shards have documents if their first sequence has them; later sequences must have them, too', async t => {
  const folder = temporaryFolder(t)
  const plain: Sequence = Int32Array.of(1, 2, 3)
  const sink = npySink(folder, { sequencesPerShard: 2 })
  await pipeline(Readable.from([plain, ROWS[0]!, ROWS[1]!, ROWS[2]!]), sink)
  t.strictSame(filesIn(folder), ['shard_00000.npy', 'shard_00001.docs', 'shard_00001.npy'])
  t.equal(sink.stats.shards[0]!.documents, undefined)
  t.match(await failure(pipeline(Readable.from([ROWS[0]!, plain]), npySink(join(folder, 'b')))), {
    code: 'ERR_SHARD', message: /a sequence whose documents aren't known after sequences with documents/
  })
})

t.test('a file of documents of another size, or that is missing, is named', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'shard_00000.docs')
  t.match(await failure(recordsIn(path)), { code: 'ERR_FILES', message: /shard_00000\.docs/ })
  writeFileSync(path, Buffer.alloc(25))
  t.match(await failure(recordsIn(path)), { code: 'ERR_SHARD', message: /has 25 bytes, expected a multiple of 24/ })
  writeFileSync(path, '')
  t.strictSame(await recordsIn(path), [])
})
