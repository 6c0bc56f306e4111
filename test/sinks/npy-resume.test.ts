import { copyFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { t } from '../tap.ts'
import { readNpy } from '../../lib/shards/npy.ts'
import { type NpySink, type NpySinkState, npySink } from '../../sinks/npy.ts'
import { closed, failure, filesIn, folderInMemory, put } from '../helpers.ts'
import { bytesIn, killed } from './npy-runs.ts'

const ROWS = Array.from({ length: 11 }, (_, i) => Int32Array.of(i, i + 1, i + 2))
const PER_SHARD = 4

function sinkInto (
  folder: string,
  state: NpySinkState | null = null,
  options: Parameters<typeof npySink>[1] = {}
): NpySink {
  const sink = npySink(folder, { sequencesPerShard: PER_SHARD, resumable: true, overwrite: true, ...options })
  if (state !== null) sink.restore(state)
  return sink
}

/** Writes rows `from` to `to`, saves, and fails after `lost` more. */
async function cut (sink: NpySink, from: number, to: number, lost = 0): Promise<NpySinkState> {
  return await killed(sink, ROWS.slice(from, to), ROWS.slice(to, to + lost))
}

/** Writes rows to the end. */
async function finish (sink: NpySink, from: number, to = ROWS.length): Promise<void> {
  await pipeline(Readable.from(ROWS.slice(from, to)), sink)
}

/** The result of an uninterrupted run. */
async function inOneGo (
  folder: string,
  rows = ROWS.length
): Promise<{ stats: NpySink['stats'], content: Record<string, string> }> {
  const sink = sinkInto(folder)
  await finish(sink, 0, rows)
  return { stats: sink.stats, content: bytesIn(folder) }
}

t.test('saved at any rows and resumed, the bytes and stats are those of one pass', async t => {
  const whole = await inOneGo(join(folderInMemory(t), 'whole'))
  t.strictSame(Object.keys(whole.content), ['shard_00000.npy', 'shard_00001.npy', 'shard_00002.npy'])
  const places = Array.from({ length: ROWS.length + 1 }, (_, i) => i)
  const folders = folderInMemory(t)
  let n = 0
  const check = async (cuts: readonly number[], lost: number): Promise<void> => {
    const folder = join(folders, String(n++))
    let [state, at]: [NpySinkState | null, number] = [null, 0]
    for (const to of cuts) {
      state = await cut(sinkInto(folder, state), at, to, lost)
      t.equal(state.shards.length, Math.floor(to / PER_SHARD))
      t.equal(state.open?.rows ?? 0, to % PER_SHARD)
      at = to
    }
    const sink = sinkInto(folder, state)
    await finish(sink, at)
    t.strictSame(sink.stats, whole.stats, `${cuts.join()}, ${lost} lost`)
    t.strictSame(bytesIn(folder), whole.content, `${cuts.join()}, ${lost} lost`)
  }
  for (const place of places) await check([place], 0)
  for (const lost of [1, 3, 6]) await check([6], lost) // with 6, a shard is renamed after the checkpoint
  await fc.assert(fc.asyncProperty(fc.subarray(places), fc.nat(5), check), { numRuns: 10 })
})

t.test('a shard that was renamed after the checkpoint is resumed from a copy', async t => {
  const folder = folderInMemory(t)
  const whole = await inOneGo(join(folder, 'whole'))
  const shards = join(folder, 'shards')
  const state = await cut(sinkInto(shards), 0, 6)
  const kept = join(folder, 'kept')
  cpSync(shards, kept, { recursive: true })
  await finish(sinkInto(shards, state), 6)
  t.strictSame(bytesIn(shards), whole.content)
  t.strictSame(filesIn(kept), ['shard_00000.npy', 'shard_00001.npy.partial'])
  await finish(sinkInto(shards, state), 6)
  t.strictSame(bytesIn(shards), whole.content, 'from full shards')
})

t.test('a last shard whose header has fewer rows is resumed, renamed or not', async t => {
  const folder = folderInMemory(t)
  const whole = await inOneGo(join(folder, 'whole'))
  const short = await inOneGo(join(folder, 'short'), 6)
  for (const kind of ['renamed', 'not renamed']) {
    const shards = join(folder, kind)
    const state = await cut(sinkInto(shards), 0, 5)
    await finish(sinkInto(shards, state), 5, 6)
    t.strictSame(bytesIn(shards), short.content)
    const shard = join(shards, 'shard_00001.npy')
    t.equal(readNpy(readFileSync(shard)).rows, 2)
    if (kind === 'not renamed') renameSync(shard, `${shard}.partial`)
    await finish(sinkInto(shards, state), 5)
    t.strictSame(bytesIn(shards), whole.content, kind)
  }
})

t.test('a partial shard that is changed, shorter or missing is refused; no file is deleted', async t => {
  const folder = folderInMemory(t)
  const state = await cut(sinkInto(folder), 0, 6)
  const partial = join(folder, 'shard_00001.npy.partial')
  const bytes = readFileSync(partial)
  const refused = async (message: RegExp): Promise<void> => {
    const before = filesIn(folder)
    for (const from of [6, ROWS.length]) { // also without further rows
      const sink = sinkInto(folder, state)
      t.match(await failure(finish(sink, from)), { code: 'ERR_CHECKPOINT', message })
      await closed(sink)
    }
    t.strictSame(filesIn(folder), before)
  }
  for (const at of [128, bytes.length - 1]) { // the header is written again
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    writeFileSync(partial, changed)
    await refused(/shard_00001\.npy\.partial: was changed since the checkpoint/)
  }
  writeFileSync(partial, bytes.subarray(0, -1))
  await refused(/shard_00001\.npy\.partial: has fewer than 152 bytes, or doesn't exist/)
  rmSync(partial)
  await refused(/is not there|doesn't exist/)
  put(folder, 'shard_00001.npy', Buffer.alloc(500))
  await refused(/shard_00001\.npy: was changed since the checkpoint/)
  put(folder, 'shard_00001.npy', bytes)
  await finish(sinkInto(folder, state), 6)
  t.equal(filesIn(folder).length, 3, 'the restored shard is resumed')
})

t.test('a new run deletes partial shards of an earlier run, and no other file', async t => {
  const folder = folderInMemory(t)
  for (const name of [
    'shard_00000.npy.partial', 'shard_00007.npy.partial', 'notes.npy.partial', 'shard_00000.npy.partial.old'
  ]) {
    put(folder, name, 'x')
  }
  copyFileSync(join(folder, 'notes.npy.partial'), join(folder, 'shard_1.npy.partial'))
  await finish(sinkInto(folder), 0, 1)
  t.strictSame(filesIn(folder), [
    'notes.npy.partial', 'shard_00000.npy', 'shard_00000.npy.partial.old', 'shard_1.npy.partial'
  ])
})

t.test('a sink without new sequences since its state saves the same state, and starts no shard', async t => {
  const folder = folderInMemory(t)
  const state = await cut(sinkInto(folder), 0, 6)
  t.strictSame(JSON.parse(JSON.stringify(await sinkInto(folder, state).save())), state)
  t.strictSame(await sinkInto(join(folder, 'new')).save(), { seqLen: null, shards: [], open: null })
  t.strictSame(filesIn(folder), ['shard_00000.npy', 'shard_00001.npy.partial'])
})

t.test('an invalid state is refused, and so is a sequence of another length', async t => {
  const folder = folderInMemory(t)
  const state = await cut(sinkInto(folder), 0, 6)
  for (const bad of [
    null,
    {},
    { ...state, more: 1 },
    { ...state, seqLen: 0 },
    { ...state, shards: [{ ...state.shards[0]!, file: '../x.npy' }] },
    { ...state, open: { rows: 1 } }
  ]) {
    t.throws(() => { npySink(folder, { resumable: true }).restore(bad) }, {
      code: 'ERR_STATE', message: /npy: not a state of this stage/
    })
  }
  const sink = sinkInto(folder, state)
  t.match(await failure(pipeline(Readable.from([Int32Array.of(1)]), sink)), {
    code: 'ERR_SHARD', message: /a sequence of 1 ids, expected 3/
  })
  await closed(sink)
})
