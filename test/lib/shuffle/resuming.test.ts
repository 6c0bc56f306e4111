import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Shuffle, type ShuffleState } from '../../../lib/shuffle/shuffle.ts'
import { smallDisk } from '../../disks.ts'
import { failure, folderInMemory, howMany, put } from '../../helpers.ts'
import { LEAST_MEMORY, addAll, randomNumbers, randomRecords, shuffled, sorted, takeAll } from '../../shuffles.ts'
import { t } from '../../tap.ts'

const memory = LEAST_MEMORY
/** The state as it is read from a checkpoint. */
const stored = (state: ShuffleState): unknown => JSON.parse(JSON.stringify(state))
const same = (a: readonly Buffer[], b: readonly Buffer[]): boolean => Buffer.concat(a).equals(Buffer.concat(b))

for (const [name, records] of Object.entries({
  'in files': randomRecords(8000, random => random(600)),
  'in memory': randomRecords(1000, () => 64),
  'of one length': randomRecords(6000, () => 512),
  'larger than the memory': randomRecords(40, random => random(8) === 0 ? 1_200_000 : random(60_000))
})) {
  t.test(`a shuffle that is killed at any time resumes from its last state: records ${name}`, async t => {
    const expected = sorted(records)
    const random = randomNumbers(3)
    for (let run = 0; run < howMany(1, 60); run++) {
      const folder = join(folderInMemory(t), 'shuffle')
      const step = 1 + random(records.length)
      let shuffle = await Shuffle.create(folder, { memory })
      let state: unknown = stored(await shuffle.save())
      // Every second state is lost, with what was added or taken since.
      for (let added = 0, saved = 0, times = 0; saved < records.length; times++) {
        await addAll(shuffle, records.slice(added, added += step))
        if (times % 2 === 0) {
          state = stored(await shuffle.save())
          saved = added
        }
        if (random(2) === 0) await shuffle.abandon()
        put(folder, `run_${99_000 + times}.bin`, 'of a run that was killed')
        shuffle = await Shuffle.restore(folder, state, { memory: random(2) === 0 ? memory : 4 * memory })
        added = saved
      }
      const taken: Buffer[] = []
      for (let times = 0; ; times++) {
        const more = await takeAll(shuffle, step)
        if (more.length === 0) break
        if (times % 2 === 0) {
          taken.push(...more)
          state = stored(await shuffle.save())
        }
        shuffle = await Shuffle.restore(folder, state, { memory: random(2) === 0 ? memory : 4 * memory })
      }
      t.ok(same(taken, expected), `steps of ${step}`)
      await shuffle.remove()
    }
  })
}

t.test('reading stops, is saved within a batch, and continues', async t => {
  const records = randomRecords(1000, () => 64)
  const shuffle = await Shuffle.create(folderInMemory(t), { memory })
  await addAll(shuffle, records)
  const first = await takeAll(shuffle, 300)
  const state = stored(await shuffle.save())
  const rest = await takeAll(shuffle)
  t.ok(same([...first, ...rest], sorted(records)), 'in the same process')
  const again = await Shuffle.restore(join(shuffle.folder), state, { memory })
  t.ok(same(await takeAll(again), rest), 'from the state')
  await again.remove()
})

t.test('files of the last two states are kept, and the others are deleted when runs are merged', async t => {
  const folder = folderInMemory(t)
  const shuffle = await Shuffle.create(folder, { memory })
  await addAll(shuffle, randomRecords(12, () => 600_000))
  const before = await shuffle.save()
  t.equal(before.runs.length, 12)
  await takeAll(shuffle, 1)
  const during = await shuffle.save()
  t.ok(during.runs.length < 12)
  t.strictSame(before.runs.filter(({ file }) => !readdirSync(folder).includes(file)), [], 'still there')
  const resumed = await Shuffle.restore(folder, stored(before), { memory })
  t.equal((await takeAll(resumed)).length, 12, 'the earlier state can be resumed')
  await resumed.remove()
})

t.test('abandon deletes everything that was not saved', async t => {
  const folder = folderInMemory(t)
  const shuffle = await Shuffle.create(folder, { memory })
  await addAll(shuffle, randomRecords(6000, () => 512))
  t.ok(readdirSync(folder).length > 2)
  await shuffle.abandon()
  t.strictSame(readdirSync(folder), [])
})

t.test('a file that is missing, cut off or changed is a named error', async t => {
  const folder = folderInMemory(t)
  const shuffle = await Shuffle.create(folder, { memory })
  await addAll(shuffle, randomRecords(6000, random => random(1024)))
  const state = await shuffle.save()
  const { file, bytes } = state.runs[1]!
  const path = join(folder, file)
  const content = readFileSync(path)
  const fails = async (what: string): Promise<void> => {
    const error = await failure(Shuffle.restore(folder, stored(state), { memory }).then(takeAll))
    t.match(error, { code: 'ERR_CHECKPOINT', message: `${path}: ${what}, so the run can't be resumed; put it back` })
    writeFileSync(path, content)
  }
  for (const at of [0, 6, 70_000, bytes - 1, bytes, content.length - 1]) {
    const changed = Buffer.from(content)
    changed[at]! ^= 1
    writeFileSync(path, changed)
    await fails('is damaged or was changed')
  }
  for (const size of [0, 1000, bytes, content.length - 1]) {
    truncateSync(path, size)
    await fails('is cut off')
  }
  rmSync(path)
  await fails('doesn\'t exist')
  rmSync(path)
  mkdirSync(path)
  t.match(await failure(Shuffle.restore(folder, stored(state), { memory }).then(takeAll)), {
    code: 'ERR_OUTPUT', message: `${path}: cannot be read: is a folder, expected a file`
  })
})

t.test('a state of something else is a named error', async t => {
  const folder = folderInMemory(t)
  const state = { next_file: 0, runs: [], reading: null }
  const runs = [{ file: '../a', records: 1, bytes: 7, record_bytes: 1, crc32: 0 }]
  const reading = { positions: [1], taken: 0 }
  for (const other of [null, {}, { ...state, runs }, { ...state, reading }]) {
    const error = await failure(Shuffle.restore(folder, other, { memory }))
    t.match(error, { code: 'ERR_STATE', message: /^shuffle: not a state/ })
  }
  t.equal((await takeAll(await Shuffle.restore(folder, state, { memory }))).length, 0)
})

t.test('a full disk is a named error, and the files are deleted', async t => {
  const folder = smallDisk(t, 'size=2m')
  if (folder === null) return
  const shuffle = await Shuffle.create(join(folder, 'shuffle'), { memory })
  t.match(await failure(addAll(shuffle, randomRecords(12_000, () => 512))), {
    code: 'ERR_OUTPUT', message: /run_\d+\.bin: cannot be written: no space left on the device; free disk space/
  })
  await shuffle.abandon()
  t.strictSame(readdirSync(join(folder, 'shuffle')), [])
})

t.test('a signal stops it when runs are written, merged and read', async t => {
  const stop = new AbortController()
  const { signal } = stop
  const records = randomRecords(10, () => 600_000)
  const folder = folderInMemory(t)
  const shuffle = await Shuffle.create(folder, { memory, signal })
  await addAll(shuffle, records)
  stop.abort()
  for (const work of [() => shuffle.drain(), () => takeAll(shuffle)]) {
    t.match(await failure(work()), { code: 'ERR_ABORTED', message: 'shuffle: stopped' })
  }
  t.match(await failure(shuffled(join(folder, 'b'), records.slice(0, 1), { memory, signal })), { code: 'ERR_ABORTED' })
  await shuffle.abandon()
  t.strictSame(readdirSync(folder).filter(name => name.startsWith('run_')), [])
})
