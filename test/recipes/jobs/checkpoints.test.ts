import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { z } from 'zod'
import type { Document } from '../../../lib/document.ts'
import type { RecordSource } from '../../../lib/records/source.ts'
import { Barrier } from '../../../lib/stage/barrier.ts'
import { corpusComponent, corpusOptions } from '../../../recipes/components/corpus.ts'
import { findComponent } from '../../../recipes/components/find.ts'
import { writeDocuments } from '../../../recipes/components/write-documents.ts'
import { countsOf } from '../../../recipes/flow/counts.ts'
import { limit } from '../../../recipes/flow/limit.ts'
import { type CheckpointsOptions, type FlowState, Checkpoints } from '../../../recipes/jobs/checkpoints.ts'
import type { AnyStage } from '../../../recipes/stages.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { dedup } from '../../../transforms/dedup.ts'
import { docs, failure, folderInMemory, howMany, ndjsonOf, put } from '../../helpers.ts'
import { t } from '../../tap.ts'

/** A flow of documents with different texts, or with repeated ones. */
interface Flow {
  readonly path: string
  readonly options?: Partial<CheckpointsOptions>
  readonly state?: FlowState | null
  /** The number of shards after a number of documents. */
  readonly shardsAfter?: (documents: number) => number
}

interface Ran {
  readonly source: RecordSource
  readonly stages: readonly AnyStage[]
  readonly came: readonly Document[]
  readonly states: readonly FlowState[]
}

async function run ({ path, options = {}, state = null, shardsAfter }: Flow): Promise<Ran> {
  const came: Document[] = []
  const states: FlowState[] = []
  const maxRecords = options.maxRecords ?? null
  const checkpoints = new Checkpoints({
    every: 1000,
    save: async state => { states.push(structuredClone(state)) },
    maxRecords,
    maxCost: Infinity,
    ...options
  })
  const source = ndjson(path, { highWaterMark: 4 })
  source.sendBarriers(checkpoints)
  const stages: AnyStage[] = [
    dedup({ highWaterMark: 4 }),
    ...(maxRecords === null ? [] : [limit(maxRecords, () => { source.stop() })])
  ]
  const before = (state?.outputs[0] ?? 0) as number
  const sink = new Writable({
    objectMode: true,
    write (item: Document | Barrier, _encoding, done) {
      if (item instanceof Barrier) item.arrive().then(() => { done() }, done)
      else done(came.push(item) < 0 ? new Error() : null)
    }
  })
  const output = { save: async () => before + came.length, restore: () => {} }
  const finished = shardsAfter && (() => shardsAfter(before + came.length))
  checkpoints.begin({ source, stages, outputs: [output], ...(finished && { finished }) }, state, () =>
    stages.at(-1)!.stats.out)
  await pipeline([source, ...stages, sink] as unknown as NodeJS.ReadWriteStream[])
  return { source, stages, came, states }
}

const readOf = ({ states }: Ran): number[] => states.map(({ source }) => source.stats.out)

const statsOf = ({ source, stages }: Ran): unknown => [source, ...stages].map(({ stats }) => stats)

t.test('a checkpoint is due after a number of documents, and when a shard is finished', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(50)))
  t.strictSame(readOf(await run({ path, options: { every: 1 } })), Array.from({ length: 50 }, (_, i) => i + 1))
  t.strictSame(readOf(await run({ path, options: { every: 20 } })), [20, 40])
  t.strictSame(readOf(await run({ path })), [])
  const byShards = readOf(await run({ path, shardsAfter: documents => Math.floor(documents / 12) }))
  t.equal(byShards.length, 4)
  for (const [i, at] of byShards.entries()) {
    t.ok(at >= 12 * (i + 1) && at <= 12 * (i + 1) + 20, `shard ${i + 1} is in the checkpoint at ${at}`)
  }
  const both = readOf(await run({ path, options: { every: 20 }, shardsAfter: documents => documents >= 30 ? 1 : 0 }))
  t.equal(both[0], 20)
  t.ok(both[1]! >= 30 && both[1]! < 40)
  t.strictSame(both.slice(2), both[1] === 30 ? [50] : [], 'the next one is counted from the last')
})

t.test('a slow checkpoint delays those for shards, but not those for documents', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(50)))
  const counted = readOf(await run(
    { path, options: { every: 20, maxCost: 1e-9 }, shardsAfter: documents => documents }
  ))
  t.equal(counted.length, 3)
  t.strictSame(counted.map((at, i) => at - (counted[i - 1] ?? at)), [0, 20, 20])
})

t.test('the state has each part as of the barrier, and each part is resumed from it', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf([...docs(10), ...docs(30)]))
  const whole = await run({ path, options: { every: 7 } })
  t.strictSame(readOf(whole), [7, 14, 21, 28, 35])
  t.equal(whole.came.length, 30)
  for (const state of whole.states) {
    const at = state.source.stats.out
    const passed = at <= 10 ? at : Math.max(10, at - 10)
    t.match(state, {
      stages: [{ stage: 'dedup', stats: { in: at, out: passed }, state: { window: 50_000 } }], outputs: [passed]
    })
    const rest = await run({ path, options: { every: 7 }, state: JSON.parse(JSON.stringify(state)) as FlowState })
    t.strictSame(rest.came, whole.came.slice(passed))
    t.strictSame(rest.states, whole.states.filter(({ source }) => source.stats.out > at))
    t.strictSame(statsOf(rest), statsOf(whole))
  }
})

t.test('a state of another part is refused, and a checkpoint that can\'t be saved fails the flow', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(10)))
  const { states: [state] } = await run({ path, options: { every: 7 } })
  t.match(await failure(run({ path, state: { ...state!, source: { stats: { out: 1 } } } })), {
    code: 'ERR_STATE', message: /ndjson: not a state/
  })
  t.match(await failure(run({
    path, state: { ...state!, stages: [{ ...state!.stages[0]!, state: { window: 1, hashes: '' } }] }
  })), { code: 'ERR_STATE', message: /dedup/ })
  const full = new Error('no room')
  t.equal(await failure(run({ path, options: { every: 3, save: () => Promise.reject(full) } })), full)
})

t.test('without checkpoints, a barrier is sent only if documents are counted', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(20)))
  const { came, source } = await run({ path, options: { every: 1, save: null } })
  t.equal(came.length, 20)
  t.equal(source.stats.in, 20)
  const limited = await run({ path, options: { every: 1, save: null, maxRecords: 5 } })
  t.strictSame([limited.came.length, limited.source.stats.in, limited.states.length], [5, 5, 0])
})

t.test('a run that was killed after its last document reads no further', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(20)))
  const whole = await run({ path, options: { every: 1, maxRecords: 5 } })
  const last = whole.states.at(-1)!
  t.equal(last.source.stats.out, 5)
  const again = await run({ path, options: { every: 1, maxRecords: 5 }, state: last })
  t.strictSame(again.came, [])
  t.strictSame(statsOf(again), statsOf(whole))
})

/** The kind of a record for the filters below, and its line. */
const LINES = {
  kept: (i: number) => `{"text":"long enough ${i}"}\n`,
  too_short: () => '{"text":"x"}\n',
  duplicate: () => '{"text":"the same again"}\n',
  no_text: () => '{"text":null}\n',
  bad_json: () => '{"text"\n',
  blank: () => '\n'
} as const

t.test('property: with a limit, the counts are those of a loop that stops at the last kept record', async t => {
  const folder = folderInMemory(t)
  const kinds = fc.array(fc.constantFrom(...Object.keys(LINES) as Array<keyof typeof LINES>), {
    minLength: 5, maxLength: 40, size: 'large'
  })
  let limited = 0
  const limits = fc.integer({ min: 1, max: 6 })
  const intervals = fc.integer({ min: 1, max: 9 })
  await fc.assert(fc.asyncProperty(kinds, limits, intervals, fc.boolean(), async (kinds, max, every, isFile) => {
    const lines = kinds.map((kind, i) => LINES[kind](i))
    const expected = { read: 0, kept: 0, bytes: 0, dropped: {} as Record<string, number> }
    let seen = false
    for (const [i, kind] of kinds.entries()) {
      const isDuplicate = kind === 'duplicate' && seen
      seen ||= kind === 'duplicate'
      expected.bytes += lines[i]!.length
      if (kind === 'blank') continue
      expected.read++
      const reason = kind === 'too_short'
        ? 'length.too_short'
        : kind === 'no_text' || kind === 'bad_json' ? `ndjson.${kind}` : isDuplicate ? 'dedup.duplicate' : null
      if (reason !== null) expected.dropped[reason] = (expected.dropped[reason] ?? 0) + 1
      else if (++expected.kept === max) break
    }
    if (expected.kept === 0) return // that is an error
    if (expected.kept === max) limited++
    const component = {
      ...corpusComponent(z.object(corpusOptions).parse({
        dataFiles: put(folder, 'a.ndjson', lines.join('')), limit: max
      }), [
        { stage: 'length', options: { minChars: 2, maxChars: 100 } }, { stage: 'dedup', options: { window: 50_000 } }
      ])
    }
    const output = join(folder, 'out.ndjson')
    const { read, kept, bytes, dropped } = await writeDocuments(
      await findComponent(component, {}), isFile ? output : '/dev/null',
      { maxBad: { share: 1 }, checkpointEvery: every }
    )
    t.strictSame({ read, kept, bytes, dropped }, expected)
    if (isFile) t.equal(readFileSync(output, 'utf8').split('\n').length - 1, kept)
  }), { numRuns: howMany(15, 60) })
  t.ok(limited > howMany(3, 30), `${limited} runs reached their limit`)
})

t.test('counts include no documents over the limit', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(30)))
  const { source, stages } = await run({ path, options: { maxRecords: 8 } })
  t.match(countsOf(source, stages), {
    read: 8,
    kept: 8,
    dropped: {},
    stages: [{ stage: 'ndjson', out: 8 }, { stage: 'dedup', out: 8 }, { stage: 'limit', in: 8, out: 8 }]
  })
})
