import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../lib/hash.ts'
import { DocumentRecords } from '../../lib/shards/documents.ts'
import { readNpy } from '../../lib/shards/npy.ts'
import type { MixtureStats } from '../../recipes/mixture/stats.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { VerifyError, verify } from '../../recipes/verify.ts'
import { answers, failure, fixture, folderInMemory, ndjsonOf, put } from '../helpers.ts'
import { type Test, t } from '../tap.ts'

const PAD = 0

/** Shards of the same documents, packed in both ways, with their stats. A sequence has 64 ids. */
async function made (t: Test): Promise<{ readonly folder: string, readonly stats: string }> {
  const folder = folderInMemory(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(answers().records))
  const component = (name: string, more: object = {}): unknown => ({
    name,
    dataset: 'json',
    data_files: data,
    seq_len: 64,
    sequences_per_shard: 7,
    output_dir: join(folder, name),
    ...more
  })
  const fit = { packing: 'best_fit', packing_window: 5, pad_id: PAD }
  const manifest = put(folder, 'mix.yaml', JSON.stringify([component('concat'), component('best_fit', fit)]))
  const stats = join(folder, 'stats.json')
  const tokenizerPath = fixture('tiny.model')
  await processMixture(manifest, { tokenizerPath, logFile: stats, runsDir: join(folder, 'runs') })
  return { folder, stats }
}

function statsIn (path: string): MixtureStats {
  return JSON.parse(readFileSync(path, 'utf8')) as MixtureStats
}

async function findingsOf (stats: string, options: Parameters<typeof verify>[1] = {}): Promise<string[]> {
  const error = await failure(verify(stats, { inventory: `${stats}.md`, ...options }))
  if (!(error instanceof VerifyError)) throw error
  return error.findings.map(({ check, file, found, expected }) =>
    `${check}: ${file.split('/').slice(-2).join('/')}: ${found}, expected ${expected}`)
}

t.test('shards of both packings match their stats, which count documents and padding', async t => {
  const { folder, stats } = await made(t)
  const { duplicates } = await verify(stats, { inventory: `${stats}.md` })
  const [concat, fit] = statsIn(stats).stats
  t.match(fit, { packing: 'best_fit', packing_window: 5, pad_id: PAD, tail_tokens: 0 })
  t.notOk('packing' in concat! || 'padding_tokens' in concat!)
  t.equal(fit!.tokens, concat!.tokens)
  t.equal(fit!.tokens, fit!.sequences * 64 - fit!.padding_tokens!)
  t.ok(fit!.padding_tokens! > 0)
  for (const component of [concat!, fit!]) {
    const begun = component.shard_files.reduce((sum, { documents }) => sum + documents!.begun, 0)
    t.ok(component === fit ? begun === component.records : begun <= component.records)
  }
  const documents = duplicates!.components.map(({ documents }) => documents!)
  t.ok(documents[0]! <= documents[1]!, 'some may be in the tail')
  t.equal(duplicates!.shared[0]!.documents, duplicates!.components[0]!.different, 'the same documents are in both')
  const { rows, columns, data } = readNpy(readFileSync(join(folder, 'best_fit/shard_00000.npy')))
  let covered = 0
  for (const { column, length } of new DocumentRecords(readFileSync(join(folder, 'best_fit/shard_00000.docs')))) {
    t.ok(column + length <= columns)
    covered += length
  }
  t.ok(data.filter(id => id === PAD).length >= rows * columns - covered)
})

/** Changes records of the documents of a shard, and their hash in the stats. */
function change (folder: string, name: string, edit: (bytes: Buffer) => unknown): void {
  const path = join(folder, name)
  const before = readFileSync(path)
  const after = Buffer.from(before)
  const edited = edit(after)
  const bytes = edited instanceof Buffer ? edited : after
  writeFileSync(path, bytes)
  const stats = join(folder, 'stats.json')
  writeFileSync(stats, readFileSync(stats, 'utf8').replaceAll(sha256(before), sha256(bytes)))
}

/** Index of the first record that continues a document. */
function continuing (bytes: Buffer): number {
  return [...new DocumentRecords(bytes)].findIndex(({ offset }) => offset > 0)
}

const field = { row: 0, column: 4, length: 8, offset: 12, id: 16 } as const

function setIn (bytes: Buffer, record: number, key: keyof typeof field, value: number): void {
  bytes.writeUInt32LE(value, 24 * record + field[key])
}

t.test('documents that contradict the shard are found', async t => {
  const { folder, stats } = await made(t)
  const unchanged = new Map(['concat', 'best_fit'].flatMap(name => [0, 1].map(i => `${name}/shard_0000${i}.docs`))
    .concat('stats.json').map(name => [name, readFileSync(join(folder, name))]))
  const expect = async (
    name: string, edit: (bytes: Buffer) => unknown, expected: RegExp | readonly RegExp[]
  ): Promise<void> => {
    change(folder, name, edit)
    const found = await findingsOf(stats)
    t.match(found, [expected].flat(), name)
    t.equal(found.length, [expected].flat().length, found.join('\n'))
    for (const [file, bytes] of unchanged) writeFileSync(join(folder, file), bytes)
  }
  const concat = 'concat/shard_00000.docs'
  await expect(concat, bytes => { setIn(bytes, 0, 'offset', 3) },
    /documents: concat\/shard_00000\.docs: document \w{16}, at row 0, column 0, offset 3,.*expected the begin of a/)
  await expect(concat, bytes => { setIn(bytes, 1, 'row', 7) }, /expected ids of one of 7 rows of 64/)
  await expect(concat, bytes => { setIn(bytes, 0, 'length', 65) }, /expected ids of one of 7 rows of 64/)
  await expect(concat, bytes => { setIn(bytes, 0, 'length', bytes.readUInt32LE(8) - 1) },
    /ends with id \d+, expected EOS id 2|expected one that begins at row 0, column/)
  const other = /expected offset 0, or \d+ of document/
  await expect(concat, bytes => { setIn(bytes, continuing(bytes), 'offset', 1) }, other)
  await expect(concat, bytes => { setIn(bytes, continuing(bytes), 'id', 1) }, other)
  await expect(concat, bytes => { setIn(bytes, continuing(bytes), 'offset', 0) },
    /ends with id \d+, expected EOS id 2|documents begin in it/)
  const fit = 'best_fit/shard_00000.docs'
  await expect(fit, bytes => { setIn(bytes, 0, 'offset', 3) }, /expected a whole document/)
  await expect(fit, bytes => { setIn(bytes, 0, 'column', 1) }, /expected one that begins at row 0, column 0/)
  await expect(fit, bytes => bytes.subarray(0, -24), /bytes: best_fit\/shard_00000\.docs: has \d+ bytes, expected \d+/)
})

t.test('ids that are neither of a document nor padding are found', async t => {
  const { folder, stats } = await made(t)
  const records = [...new DocumentRecords(readFileSync(join(folder, 'best_fit/shard_00000.docs')))]
  const last = records.findLast(({ column, length }) => column + length < 64)!
  const at = 128 + 4 * (64 * last.row + 63)
  change(folder, 'best_fit/shard_00000.npy', bytes => {
    t.equal(bytes.readInt32LE(at), PAD)
    bytes.writeInt32LE(7, at)
  })
  t.match(await findingsOf(stats), [
    new RegExp(`shard_00000\\.docs: no record has id 7 at row ${last.row}, column 63, expected pad id 0`)
  ])
})

t.test('documents that are missing, changed or not listed are found; --quick reads only sizes', async t => {
  const { folder, stats } = await made(t)
  const path = join(folder, 'concat/shard_00001.docs')
  const bytes = readFileSync(path)
  renameSync(path, `${path}.away`)
  const missing = /missing: concat\/shard_00001\.docs: cannot be read: .*expected the documents of shard_00001\.npy/
  t.match(await findingsOf(stats), [missing])
  t.match(await findingsOf(stats, { quick: true }), [missing])
  writeFileSync(path, bytes.subarray(1))
  t.match(await findingsOf(stats, { quick: true }), [/bytes: concat\/shard_00001\.docs: has \d+ bytes/])
  bytes[23]! ^= 1
  writeFileSync(path, bytes)
  await t.resolves(verify(stats, { quick: true, inventory: `${stats}.md` }))
  t.match(await findingsOf(stats), [/sha256: concat\/shard_00001\.docs: has SHA-256/, /documents: concat/])
  bytes[23]! ^= 1
  writeFileSync(path, bytes)
  writeFileSync(join(folder, 'concat/shard_00077.docs'), bytes)
  t.match(await findingsOf(stats), [/unlisted: concat\/shard_00077\.docs: is there/])
})

t.test('shards of versions without documents are verified as before', async t => {
  const { folder, stats } = await made(t)
  const content = statsIn(stats)
  const concat = content.stats[0]!
  const { duplicates: withDocuments } = await verify(stats, { inventory: `${stats}.md` })
  writeFileSync(stats, JSON.stringify({
    ...content, stats: [{ ...concat, shard_files: concat.shard_files.map(({ documents: _, ...shard }) => shard) }]
  }))
  for (const { documents } of concat.shard_files) rmSync(join(folder, 'concat', documents!.file))
  const { duplicates } = await verify(stats, { inventory: `${stats}.md` })
  t.strictSame(duplicates!.components[0], withDocuments!.components[0])
})

t.test('a sum of padding that is not that of the shards is found', async t => {
  const { stats } = await made(t)
  const content = statsIn(stats)
  const [concat, fit] = content.stats
  const more = { padding_tokens: fit!.padding_tokens! + 1, tokens: fit!.tokens - 1 }
  writeFileSync(stats, JSON.stringify({ ...content, stats: [concat, { ...fit, ...more }] }))
  t.match(await findingsOf(stats), [
    new RegExp(`padding_tokens is ${more.padding_tokens}, expected ${fit!.padding_tokens!}, the sum over the shards`)
  ])
})
