/** Custom stages in a mixture: the same bytes with any number of threads, and their messages. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../tap.ts'
import { checkManifest } from '../../recipes/check.ts'
import { type MixtureError, processMixture } from '../../recipes/process-mixture.ts'
import { run } from '../../recipes/run.ts'
import { runs } from '../../recipes/runs.ts'
import { Threads } from '../../recipes/flow/workers/threads.ts'
import { ROOT, builtModule, contentIn, failure, folderInMemory, howMany, ndjsonOf, put } from '../helpers.ts'
import { stoppedAt } from '../resuming.ts'

const MODULES: Readonly<Record<string, string>> = {
  /** Keeps no state, makes new `meta`. */
  'words.mjs': `export function stage ({ min_words: least = 1, fails_at: bad, dies_at: deadly }) {
    return new Stage({ name: 'words', take (document, push) {
      const words = document.text.split(' ')
      if (document.id === bad) throw new Error('no such word')
      if (document.id === deadly) process.exit(5)
      if (words.length < least) return 'few_words'
      push({ ...document, text: words.reverse().join(' '), meta: { ...document.meta, words: words.length } })
    } })
  }`,
  'later.mjs': `export default () => {
    let prefix
    return new Stage({ name: 'later',
      async open () { prefix = 'So it is written: ' },
      async take (document, push) {
        await new Promise(resolve => { setImmediate(resolve) })
        if (document.text.length % 5 === 0) return 'fives'
        push({ ...document, text: prefix + document.text })
      }
    })
  }`,
  /** Keeps every third document with a number of words; holds the last one back until the end. */
  'thirds.mjs': `export const stage = () => {
    let seen = {}, held = null
    return new Stage({ name: 'thirds',
      take (document, push) {
        const { length } = document.text.split(' ')
        seen[length] = (seen[length] ?? 0) + 1
        if (seen[length] % 3 !== 0) return 'no_third'
        if (held !== null) push(held)
        held = document
      },
      finish (push) { if (held !== null) push(held) },
      save: () => ({ seen, held }),
      restore (state) { ({ seen, held } = state) }
    })
  }`,
  'halves.mjs': `export const stage = () => new Stage({ name: 'halves', several: true, take (document, push) {
    const middle = document.text.length >> 1
    push({ ...document, text: document.text.slice(0, middle) })
    push({ ...document, text: document.text.slice(middle) })
  } })`
}

const RECORDS = Array.from({ length: 300 }, (_, i) => ({
  id: `d${i}`,
  text: i % 9 === 4
    ? 'the same text  as it was before'
    : `The miller opens gate number ${i % 70} of the weir when ${'the water '.repeat(i % 4)}is high.`,
  n: i
}))

interface Setting {
  readonly folder: string
  readonly out: string
  readonly manifest: (filters: string, more?: string) => string
}

function settingOf (t: Test): Setting {
  const folder = folderInMemory(t)
  for (const [name, content] of Object.entries(MODULES)) {
    put(folder, name, `import { Stage } from '${builtModule('lib/stage/stage')}'\n${content}`)
  }
  put(folder, 'a.ndjson', ndjsonOf(RECORDS))
  const out = join(folder, 'out')
  const manifest = (
    filters: string,
    more = `, rejects: ${out}/rejects.ndjson, filtered_dir: ${out}/filtered`
  ): string =>
    put(folder, 'm.yaml', `[{ name: web, dataset: json, data_files: ${folder}/a.ndjson, filters: ` +
      `[${filters.replaceAll('DIR', folder)}], seq_len: 32, sequences_per_shard: 16, output_dir: ` +
      `${out}/shards${more} }]\n`)
  return { folder, out, manifest }
}

const TOKENIZER = { tokenizerPath: join(ROOT, 'test/fixtures/tiny.model') }

const optionsIn = (folder: string): object => ({
  ...TOKENIZER, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs'), checkpointEvery: 50
})

/** All work is in a thread, as the main thread would be faster with so little. */
const thread = new Threads({ workers: 2, mainWorks: false })
t.teardown(() => thread.close())

async function made (
  { folder, out }: Setting,
  path: string,
  workers: 1 | 2
): Promise<{ stats: object, content: object, told: string[] }> {
  rmSync(out, { recursive: true, force: true })
  const told: string[] = []
  const { stats: [component] } = await processMixture(path, { ...optionsIn(folder), workers: 1 }, {
    tell: message => { told.push(message) }, ...(workers === 2 && { threads: thread })
  })
  const { seconds, ...stats } = component!
  return { stats, content: contentIn(out), told }
}

const USE = {
  words: '{ use: { module: DIR/words.mjs, min_words: 8 } }',
  later: '{ use: DIR/later.mjs }',
  thirds: '{ use: DIR/thirds.mjs }',
  halves: '{ use: DIR/halves.mjs }'
}

const cases: ReadonlyArray<readonly [filters: string, tells: RegExp | null, more?: string]> = [
  [`${USE.later}, dedup, ${USE.words}`, null],
  [
    `normalize, dedup, ${USE.thirds}, ${USE.words}, { length: { min_chars: 60 } }`,
    /^web: thirds runs in the main thread, and so do the filters after it: it keeps state$/
  ],
  [
    `${USE.words}, ${USE.halves}, dedup`,
    /^web: halves runs in the main thread, .*: it makes several documents of one$/,
    ''
  ],
  [`normalize, ${USE.words}`, null],
  [`normalize, ${USE.words}, dedup`, null, ''],
  [USE.thirds, /thirds/, ', max_records: 20'],
  [`dedup, ${USE.words}`, null, ', max_records: 20']
]

for (const [filters, tells, more] of cases.slice(0, howMany(3, 7))) {
  const stages = filters.replaceAll(/\{ use: (?:\{ module: )?DIR\/(\w+)[^}]*\}(?: \})?/g, '$1')
  t.test(`${stages}${more ?? ', with copies'}: one thread and two give the same`, async t => {
    const setting = settingOf(t)
    const path = setting.manifest(filters, more)
    const alone = await made(setting, path, 1)
    const threads = await made(setting, path, 2)
    t.strictSame(threads.stats, alone.stats)
    t.strictSame(threads.content, alone.content)
    t.ok(Object.keys(alone.content).includes('shards/shard_00000.npy'))
    t.strictSame(alone.told, [])
    t.equal(threads.told.length, tells === null ? 0 : 1)
    if (tells !== null) t.match(threads.told[0], tells)
    const rejects = (alone.content as Record<string, string>)['rejects.ndjson']
    if (rejects !== undefined) t.notMatch(rejects, /"position":null/, 'the meta of which is new')
  })
}

t.test('stats and rejects name the stage', async t => {
  const setting = settingOf(t)
  const { stats, content } = await made(setting, setting.manifest(`normalize, ${USE.words}`), 2)
  t.match(stats, {
    dropped: { 'words.few_words': 33 },
    stages: [{ stage: 'ndjson' }, { stage: 'normalize' }, { stage: 'words', in: 300, dropped: { few_words: 33 } }]
  })
  t.match(
    (content as Record<string, string>)['rejects.ndjson'],
    /"reason":"words.few_words","position":".*a.ndjson#\d+","id":"d4"/
  )
})

t.test('the document at which a stage fails is named, if it is reached', async t => {
  const setting = settingOf(t)
  const failing = (filters: string, more = '', id = 'd211'): string =>
    setting.manifest(filters.replace('WORDS', `{ use: { module: DIR/words.mjs, fails_at: ${id} } }`), more)
  for (const workers of ([2, 1] as const).slice(0, howMany(1, 2))) {
    const error = await failure(made(setting, failing('normalize, WORDS'), workers)) as Error
    t.match(error, {
      code: 'ERR_COMPONENT',
      stats: {
        failed: [{
          code: 'ERR_DOCUMENT', error: /^words \(.*\/words\.mjs\) has failed at document d211: no such word$/
        }]
      }
    }, `${workers} workers`)
    t.match(
      (await made(setting, failing('normalize, WORDS', ', max_records: 50'), workers)).stats, { records: 50 },
      'documents after the last kept one don\'t matter'
    )
    t.match((await made(
      setting, failing('{ length: { min_chars: 1, max_chars: 40 } }, dedup, WORDS', '', 'd13'), workers
    )).stats, { records: 1 }, 'nor does a duplicate')
  }
  t.match(await failure(checkManifest(failing('WORDS', '', 'd0'), { documents: 300 })), {
    code: 'ERR_COMPONENT', message: /web: words \(.*at document d0: no such word/
  })
})

t.test('if a thread dies, the error names the document; the next run has a new thread', async t => {
  const setting = settingOf(t)
  const path = setting.manifest('{ use: { module: DIR/words.mjs, dies_at: d211 } }')
  const at = Buffer.byteLength(ndjsonOf(RECORDS.slice(0, RECORDS.findIndex(({ id }) => id === 'd211'))))
  for (const run of [1, 2].slice(0, howMany(1, 2))) {
    const { stats: { failed: [component] } } = await failure(made(setting, path, 2)) as MixtureError
    t.equal(component!.code, 'ERR_DOCUMENT')
    t.ok(component!.error.endsWith(`a.ndjson#${at}: the thread that filters and encodes it has failed: ` +
      'it ended with exit code 5; with --workers 1 it is done in the main thread'), `run ${run}`)
  }
  const { stats } = await made(setting, setting.manifest(`normalize, ${USE.words}`), 2)
  t.match(stats, { dropped: { 'words.few_words': 33 } })
})

t.test('a stopped run is resumed with the state of a stage', async t => {
  const setting = settingOf(t)
  const path = setting.manifest(`${USE.words}, ${USE.thirds}`)
  const whole = await made(setting, path, 1)
  for (const [first, second] of ([[1, 2], [2, 1]] as const).slice(0, howMany(1, 2))) {
    rmSync(setting.out, { recursive: true })
    const options = { ...optionsIn(setting.folder), checkpointEvery: howMany(15, 7) }
    t.match(await stoppedAt(join(setting.out, 'shards/checkpoint.json'), signal =>
      processMixture(path, { ...options, workers: first }, { signal })), { code: 'ERR_ABORTED' })
    const told: string[] = []
    await processMixture(path, { ...options, workers: second }, { tell: message => { told.push(message) } })
    t.match(told[0], /^web: resumes after document/)
    t.strictSame(contentIn(setting.out), whole.content)
  }
})

t.test('a changed module makes its component outdated, as a changed option does', async t => {
  const setting = settingOf(t)
  const path = setting.manifest(`normalize, ${USE.words}`)
  const context = { ...optionsIn(setting.folder), workers: 1 }
  await processMixture(path, context)
  t.match((await run(path, { ...context, dryRun: true })).steps[1], { outcome: 'up to date' })
  setting.manifest(`normalize, ${USE.words.replace('8', '9')}`)
  t.match((await run(path, { ...context, dryRun: true })).steps[1], {
    outcome: 'done again', why: 'filters[1].use.options.min_words: 8 -> 9'
  })
  setting.manifest(`normalize, ${USE.words}`)
  const module = join(setting.folder, 'words.mjs')
  const before = contentIn(setting.out)
  writeFileSync(module, readFileSync(module, 'utf8').replace('words.reverse()', 'words'))
  t.match((await run(path, { ...context, dryRun: true })).steps[1], {
    outcome: 'done again', why: /^filters\[1\]\.use\.sha256: "\w{64}" -> "\w{64}"$/
  })
  await processMixture(path, context)
  t.strictNotSame(contentIn(setting.out), before)
  t.match((await run(path, { ...context, dryRun: true })).steps[1], { outcome: 'up to date' })
  const runsDir = join(setting.folder, 'runs')
  const [last, first] = await runs(['m'], { runsDir })
  const difference = await runs(['diff', first!.path, last!.path], { runsDir })
  t.match(difference.sources, [{ path: `web.modules["${module}"]` }], 'run records show it')
})

t.test('an output can\'t replace a module; mistakes of a module are reported before anything is written', async t => {
  const { folder, out, manifest } = settingOf(t)
  t.match(await failure(processMixture(manifest(USE.words, ''), {
    ...optionsIn(folder), logFile: join(folder, 'words.mjs')
  })), { code: 'ERR_OUTPUT_EXISTS' })
  t.match(await failure(processMixture(manifest('{ use: DIR/none.mjs }'), optionsIn(folder))), {
    code: 'ERR_MANIFEST', message: /none\.mjs: no such file/
  })
  t.strictSame(contentIn(folder)['words.mjs'], readFileSync(join(folder, 'words.mjs'), 'latin1'))
  t.throws(() => readFileSync(out), { code: 'ENOENT' })
})

t.test('check runs custom stages on its sample', async t => {
  const setting = settingOf(t)
  const foretold = async (filters: string): Promise<object> =>
    (await checkManifest(setting.manifest(filters), { ...TOKENIZER, documents: 300 })).components[0]!
  t.match(await foretold(`normalize, ${USE.words}`), {
    kept: { guess: 267, low: 267, high: 267 }, dropped: { 'words.few_words': 33 }, warnings: []
  })
  const { stats } = await made(setting, setting.manifest(`normalize, ${USE.words}, ${USE.halves}`), 1) as {
    stats: { tokens: number }
  }
  const halves = await foretold(`normalize, ${USE.words}, ${USE.halves}`) as {
    tokens: { guess: number }
    warnings: string[]
  }
  t.ok(Math.abs(halves.tokens.guess / stats.tokens - 1) < 0.05, `${halves.tokens.guess} of ${stats.tokens} tokens`)
  t.match(halves.warnings, [/^halves: it makes several documents of one; it may keep another share of the whole/])
})
