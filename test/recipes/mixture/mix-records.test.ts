/** The training set in what `run` prints, and in the records of runs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, runText } from '../../../recipes/run.ts'
import { runs, runsText } from '../../../recipes/runs.ts'
import { folderInMemory, pattern } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { corporaIn } from '../export/corpora.ts'

t.test('run prints the training set, and its record has it', async t => {
  const { folder, write } = await corporaIn(folderInMemory(t), ['web', 'code'])
  const runsDir = join(folder, 'runs')
  const options = { runsDir, inventory: join(folder, 'page.md'), workers: 1 }
  const mixture = { tokens: 800, validation: { share: 0.2 }, sources: { web: 0.75, code: 0.25 } }
  const manifest = write(mixture)
  const first = await run(manifest, options)
  const { training_set: set, run_record: a } = first
  t.match(set!.mixture.sources, [{ name: 'web', share: 0.75 }, { name: 'code', share: 0.25 }])
  const head = /\nsource +share +reached +tokens +epochs +validation tokens\n/
  t.match(runText(first), pattern(head, / *web +75 % +74\.9 % +598 +0\.\d\d +[\d,]+\n/))
  t.match(runText(first), /\nside +sequences +tokens +shards +folder\ntrain +\d+ /)
  const sides = [{ name: 'train' }, { name: 'validation' }]
  t.match(JSON.parse(readFileSync(a!, 'utf8')), { training_set: { stats: sides } })

  const again = await run(manifest, options)
  t.equal(again.run_record, a, 'what is up to date is the same run')
  t.strictSame(again.training_set!.mixture, set!.mixture)
  t.equal((await run(manifest, { ...options, dryRun: true })).training_set, null)

  const { run_record: b } = await run(write({ ...mixture, tokens: 400, validation: null }), options)
  await t.test('runs show has it', async t => {
    const details = await runs(['show', a!], { runsDir })
    t.match(details, { path: a, made: [{ name: 'web' }, { name: 'code' }], training_set: { stats: set!.stats } })
    const text = runsText(details)
    t.match(text, pattern(/^run +mix, finished /, /[^]*\ncomponent +documents +kept /))
    t.match(text, head)
    t.notMatch(runsText(await runs(['show', await withoutSet()], { runsDir })), head)
  })
  await t.test('runs diff has its numbers and shards', async t => {
    const difference = await runs(['diff', a!, b!], { runsDir })
    const paths = difference.training_set.map(({ path }) => path)
    for (const path of ['train.sequences', 'train.tokens', 'validation', 'sources.web.tokens', 'sources.web.epochs']) {
      t.ok(paths.includes(path), path)
    }
    t.strictSame(difference.numbers, [], 'the components are the same')
    t.ok(difference.shards.removed.some(path => path.startsWith(join(folder, 'mixture/validation/'))))
    t.match(runsText(difference), /\ntraining set\n {2}train\.sequences: \d+ -> \d+\n/)
    const made = await runs(['diff', await withoutSet(), b!], { runsDir })
    t.match(made.training_set, [{ path: 'train', before: undefined }, { path: 'sources.web', before: undefined }])
  })
  await t.test('runs of finds the run that made a shard of it', async t => {
    const trace = await runs(['of', join(folder, 'mixture/train/shard_00000.npy')], { runsDir })
    t.match(trace.runs, [{ component: null, side: 'train', path: b }])
    t.match(runsText(trace), /, of side train of the training set\n/)
  })

  /** The record of the run that made the components alone. */
  async function withoutSet (): Promise<string> {
    return (await runs([], { runsDir })).at(-1)!.path
  }
})
