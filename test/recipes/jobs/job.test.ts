import { existsSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import type { FileNames } from '../../../lib/bytes.ts'
import { findFiles } from '../../../lib/input/find.ts'
import { readCheckpoint, writeCheckpoint } from '../../../lib/output/checkpoint.ts'
import type { FlowState } from '../../../recipes/jobs/checkpoints.ts'
import {
  type Check, type Job, type JobOptions, type JobPlan, canResume as canResumeFrom, statusText, runJob, statusOf
} from '../../../recipes/jobs/job.ts'
import { failure, filesIn, folderInMemory, put } from '../../helpers.ts'

const FLOW: FlowState = { source: { stats: { out: 12_345 } }, stages: [], outputs: [] }
const CLEAN: Check = () => Promise.resolve([])

interface Setting {
  readonly folder: string
  readonly plan: JobPlan
  readonly output: string
}

function setting (t: Parameters<typeof folderInMemory>[0]): Setting {
  const folder = folderInMemory(t)
  const inputs = ['a.txt', 'b.txt'].map(name => ({ path: put(folder, name, name), size: name.length }))
  return {
    folder,
    plan: {
      name: 'web',
      path: join(folder, 'out/checkpoint.json'),
      settings: { name: 'web', filters: [{ length: { minChars: 1 } }] },
      inputs
    },
    output: join(folder, 'out/result.txt')
  }
}

/** Does a job; returns its result, its messages, and the job that the work received. */
async function doJob (
  plan: JobPlan,
  work: (job: Job) => Promise<unknown>,
  options: JobOptions = {},
  check = CLEAN
): Promise<{ result: unknown, told: string[], found: Job | null }> {
  const told: string[] = []
  let found: Job | null = null
  const tell = (message: string): void => { told.push(message) }
  const result = await runJob<unknown>(plan, { tell, ...options }, check, async job => {
    found = job
    return await work(job)
  })
  return { result, told, found }
}

/** Leaves the job unfinished, with a checkpoint. */
async function begin ({ plan }: Setting): Promise<void> {
  t.match(await failure(doJob(plan, async job => {
    await job.save(FLOW)
    throw new Error('killed')
  })), { message: 'killed' })
}

/** Finishes the job. */
async function finish ({ folder, plan, output }: Setting): Promise<void> {
  await doJob(plan, async job => {
    put(folder, 'out/result.txt', 'result')
    await job.finish({ lines: 1 }, [output])
  })
}

t.test('a new job starts, a partial job is resumed from its state, and a finished job is not repeated', async t => {
  const all = setting(t)
  const { folder, plan, output } = all
  t.strictSame(await statusOf(plan), { is: 'new' })
  t.strictSame(filesIn(folder), ['a.txt', 'b.txt'], 'a query writes no file')
  const first = await doJob(plan, async job => {
    t.ok(existsSync(`${plan.path}.lock`))
    return job.flow
  })
  t.strictSame([first.result, first.told], [null, []])
  t.match(first.found, { begins: true, replaces: false })
  await begin(all)
  t.strictSame(await statusOf(plan), { is: 'started', documents: 12_345 })
  const second = await doJob(plan, async job => {
    put(folder, 'out/result.txt', 'result')
    await job.finish({ lines: 1 }, [output])
    return job.flow
  })
  t.strictSame([second.result, second.told], [FLOW, ['web: resumes after document 12,345']])
  t.match(second.found, { begins: false, replaces: true })
  t.strictSame(await statusOf(plan), { is: 'finished', result: { lines: 1 } })
  const third = await doJob(plan, async () => { t.fail('repeated') })
  t.strictSame(third, { result: { lines: 1 }, told: ['web: is finished, and up to date'], found: null })
  t.strictSame(filesIn(folder), ['a.txt', 'b.txt', 'out/checkpoint.json', 'out/result.txt'])
})

t.test('the seconds of all runs are added up', async t => {
  const { plan } = setting(t)
  let before = 0
  for (let run = 0; run < 3; run++) {
    await failure(doJob(plan, async job => {
      await new Promise(resolve => setTimeout(resolve, 5))
      t.ok(job.seconds >= before + 0.004, `${job.seconds} after ${before}`)
      await job.save(FLOW)
      before = (await readCheckpoint(plan.path) as { seconds: number }).seconds
      throw new Error('killed')
    }))
  }
  t.ok(before >= 0.012)
})

/** Changes of settings and inputs, and their messages. */
const changes: Readonly<Record<string, { readonly change: (setting: Setting) => JobPlan, readonly says: RegExp }>> = {
  'a changed setting': {
    change: ({ plan }) => ({ ...plan, settings: { name: 'web', filters: [{ length: { minChars: 2 } }] } }),
    says: /filters\[0\]\.length\.minChars.*1.*2/
  },
  'an additional setting': {
    change: ({ plan }) => ({ ...plan, settings: { ...plan.settings, dtype: 'uint16' } }), says: /dtype.*uint16/
  },
  'an additional input': {
    change: ({ folder, plan }) => ({ ...plan, inputs: [...plan.inputs, { path: put(folder, 'c.txt', 'c'), size: 1 }] }),
    says: /c\.txt: is an input now, was not before/
  },
  'a missing input': {
    change: ({ plan }) => ({ ...plan, inputs: plan.inputs.slice(1) }), says: /a\.txt: is no longer an input/
  },
  'another order': {
    change: ({ plan }) => ({ ...plan, inputs: [...plan.inputs].reverse() }),
    says: /the input files are in another order, or repeated another number of times: .*b\.txt, .*a\.txt/
  },
  'a shorter input': {
    change: ({ folder, plan }) => { put(folder, 'b.txt', 'b'); return plan }, says: /b\.txt: had 5 bytes, has 1/
  },
  'a touched input': {
    change: ({ folder, plan }) => { utimesSync(join(folder, 'b.txt'), 5, 5); return plan },
    says: /b\.txt: was changed at 20\S+Z, then at 1970-01-01T00:00:05\.000Z \(if only its time differs: touch -d 20/
  }
}

for (const [kind, { change, says }] of Object.entries(changes)) {
  t.test(`${kind}: a partial job is refused, a finished job is repeated`, async t => {
    const begun = setting(t)
    await begin(begun)
    const before = readFileSync(begun.plan.path)
    const other = change(begun)
    for (const refused of [statusOf(other), doJob(other, async () => { t.fail('started') })]) {
      t.match(await failure(refused), {
        code: 'ERR_CHECKPOINT',
        exitCode: 2,
        message: new RegExp(`checkpoint\\.json: is of a run with other settings or inputs: .*${says.source}.*; ` +
          'to resume, repeat the command unchanged, or start over with --restart')
      })
    }
    t.ok(readFileSync(begun.plan.path).equals(before))
    t.notOk(existsSync(`${begun.plan.path}.lock`))
    const restarted = await doJob(other, async job => job.flow, { restart: true })
    t.match(restarted, { result: null, told: [], found: { begins: false, replaces: true } })

    const finished = setting(t)
    await finish(finished)
    const changed = change(finished)
    t.match(await statusOf(changed), { is: 'outdated', why: says })
    const again = await doJob(changed, async job => job.flow)
    t.match(again, {
      result: null,
      told: [new RegExp(`^web: is done again: .*${says.source}`)],
      found: { begins: false, replaces: true }
    })
  })
}

t.test('a partial job with other settings starts over if that is requested, and one of another name does not',
  async t => {
    const begun = setting(t)
    await begin(begun)
    const other = { ...begun.plan, settings: { name: 'web', a: 1, b: 2, c: 3, d: 4, e: 5 } }
    const why = /^filters: .*; d: \(none\) -> 4; and 1 more$/
    t.match(await statusOf(other, CLEAN, { startsOver: true }), { is: 'restarted', why })
    const stopped = doJob(other, job => Promise.reject(new Error(`${job.flow === null}`)), { startsOver: true })
    t.match(await failure(stopped), { message: 'true' })
    t.match(await statusOf(other), { is: 'started', documents: 0 }, 'the earlier state is gone')

    const foreign = setting(t)
    await begin(foreign)
    const mine = { ...foreign.plan, name: 'books', settings: { ...foreign.plan.settings, name: 'books' } }
    t.match(await failure(doJob(mine, async () => {}, { startsOver: true })), { code: 'ERR_CHECKPOINT' })
  })

t.test('two changes are both reported', async t => {
  const all = setting(t)
  await begin(all)
  put(all.folder, 'a.txt', 'longer than before')
  t.match(
    await failure(statusOf({ ...all.plan, settings: { ...all.plan.settings, dtype: 'x' } })),
    { message: /dtype.*; .*a\.txt: had 5 bytes, has 18;/ }
  )
})

t.test('an input with its old time again is accepted; a missing one is reported', async t => {
  const all = setting(t)
  await begin(all)
  const path = join(all.folder, 'a.txt')
  const { mtime } = statSync(path)
  utimesSync(path, 5, 5)
  const error = await failure(statusOf(all.plan)) as Error
  const [, advised] = /touch -d (\S+Z)\)/.exec(error.message)!
  t.equal(advised, mtime.toISOString())
  utimesSync(path, new Date(advised!), new Date(advised!))
  t.match(await statusOf(all.plan), { is: 'started' })
  rmSync(path)
  t.match(await failure(statusOf(all.plan)), { code: 'ERR_FILES', message: /a\.txt: no such file/ })
})

t.test('a finished job whose files are missing or of another size is repeated in place', async t => {
  const all = setting(t)
  const { folder, plan, output } = all
  await finish(all)
  const again = async (why: RegExp, check = CLEAN): Promise<void> => {
    t.match(await statusOf(plan, check), { is: 'damaged', why })
    t.match(await doJob(plan, async job => job.flow, {}, check), {
      result: null,
      told: [new RegExp(`^web: is done again: .*${why.source}`)],
      found: { begins: false, replaces: false }
    })
  }
  renameSync(output, `${output}.old`)
  await again(/result\.txt is not there/)
  put(folder, 'out/result.txt', 'another result')
  await again(/result\.txt has 14 bytes, expected 6/)
  renameSync(`${output}.old`, output)
  t.match(await statusOf(plan), { is: 'finished' })
  await again(/shard_00001\.npy: is gone; and more/, async result => {
    t.strictSame(result, { lines: 1 })
    return ['shard_00001.npy: is gone', 'and more']
  })
})

t.test('a finished job of another name is ignored; a partial one is refused', async t => {
  const all = setting(t)
  const other = { ...all.plan, settings: { ...all.plan.settings, name: 'books' } }
  await begin(all)
  t.match(await failure(statusOf(other)), { code: 'ERR_CHECKPOINT', message: /name/ })
  await finish(all)
  t.strictSame(await statusOf(other), { is: 'new' })
})

t.test('a partial job of another version is refused, and a finished one is accepted', async t => {
  const all = setting(t)
  const asOfVersion = async (sluice: string): Promise<void> => {
    await writeCheckpoint(all.plan.path, { ...await readCheckpoint(all.plan.path) as object, sluice })
  }
  await begin(all)
  await asOfVersion('0.0.1')
  t.match(await failure(statusOf(all.plan)), {
    code: 'ERR_CHECKPOINT', message: /sluice: 0\.0\.1 then, \d+\.\d+\.\d+ now/
  })
  await doJob(all.plan, async job => { await job.finish({}, []) }, { restart: true })
  await asOfVersion('0.0.1')
  t.match(await statusOf(all.plan), { is: 'finished' })
})

t.test('a damaged or unknown checkpoint is refused; --restart starts without reading it', async t => {
  for (const content of [
    { sluice: '1' },
    { ...FLOW },
    [],
    5,
    { sluice: '1', settings: {}, inputs: [], seconds: -1, flow: null, finished: null }
  ]) {
    const { plan } = setting(t)
    await writeCheckpoint(plan.path, content)
    t.match(await failure(statusOf(plan)), {
      code: 'ERR_CHECKPOINT',
      message: /checkpoint\.json: is not a checkpoint that this version reads: .*; start over with --restart/
    })
  }
  const { folder, plan } = setting(t)
  put(folder, 'out/checkpoint.json', '{"half')
  t.match(await failure(statusOf(plan)), { code: 'ERR_CHECKPOINT', message: /is cut off or damaged/ })
  t.match(await doJob(plan, async job => job.flow, { restart: true }), { result: null, found: { begins: false } })
})

t.test('a second run at the same time is refused, with any options', async t => {
  const { plan } = setting(t)
  await doJob(plan, async () => {
    for (const options of [{}, { restart: true }]) {
      t.match(await failure(doJob(plan, async () => { t.fail('two runs at once') }, options)), {
        code: 'ERR_LOCKED', message: new RegExp(`process ${process.pid} `)
      })
    }
  })
  t.notOk(existsSync(`${plan.path}.lock`))
})

t.test('only regular files can be resumed', async t => {
  const folder = folderInMemory(t)
  const file = put(folder, 'a.txt', 'a')
  const canResume = async (names: FileNames, outputs: readonly string[]): Promise<boolean> =>
    await canResumeFrom(await findFiles(names), outputs)
  t.equal(await canResume(file, [join(folder, 'new')]), true)
  t.equal(await canResume([file, '-'], [join(folder, 'new')]), false)
  t.equal(await canResume('-', []), false)
  t.equal(await canResume('/dev/null', []), false, 'no regular file, like a named pipe')
  t.equal(await canResume(file, [join(folder, 'new'), '-']), false)
  t.equal(await canResume(file, ['/dev/null']), false)
})

t.test('each state has a message', async t => {
  t.equal(statusText({ is: 'new', why: 'x' }), null)
  t.equal(statusText({ is: 'started', documents: 1234 }), 'resumes after document 1,234')
  t.equal(statusText({ is: 'damaged', why: 'gone' }), 'is done again: gone')
})
