import { existsSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../tap.ts'
import { sha256 } from '../../lib/hash.ts'
import { withLock } from '../../lib/output/with-lock.ts'
import { readModel } from '../../lib/sentencepiece/model.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { trainUnigram } from '../../lib/trainer/train-unigram.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { trainTokenizer } from '../../recipes/train-tokenizer.ts'
import { type TrainedStats, trainingText } from '../../recipes/components/training.ts'
import { command, commandProcess } from '../commands.ts'
import {
  ROOT, contentIn, failure, filesIn, fixture, folderInMemory, howMany, isThorough, ndjsonOf, pattern, put,
  temporaryFolder
} from '../helpers.ts'

const own = isThorough() ? commandProcess() : null

/** Lines to train on. */
const LINES = howMany(50, 150)

/** Compiling the default normalization table takes most of a second. */
const RULE: 'nmt_nfkc' | 'identity' = isThorough() ? 'nmt_nfkc' : 'identity'

/** The first non-empty lines of a page, shortened except in `npm run thorough`. */
function linesOf (page: string, count: number): string[] {
  const lines = readFileSync(join(ROOT, page), 'utf8').split('\n').filter(line => line !== '')
  return lines.slice(0, count).map(line => line.slice(0, howMany(130, Infinity)))
}

const PROSE = linesOf('test/fixtures/prose.md', LINES)
const NOTES = linesOf('CHANGELOG.md', 60)

const documents = (texts: readonly string[]): string => ndjsonOf(texts.map((text, i) => ({ id: String(i), text })))

interface Trained {
  readonly folder: string
  readonly manifest: string
  readonly train: (
    options?: Parameters<typeof trainTokenizer>[0],
    run?: Parameters<typeof trainTokenizer>[1]
  ) => Promise<TrainedStats>
  readonly model: string
}

const DATASETS = `  - { name: prose, dataset: json, data_files: DIR/prose.ndjson,
      license: Apache-2.0, filters: [length: { min_chars: 20 }] }
  - { name: notes, dataset: json, data_files: DIR/notes.ndjson, sample_limit: 40 }`

function mixture (
  t: Test,
  tokenizer = `{ vocab_size: 300, character_coverage: 0.99, normalization_rule_name: ${RULE} }`
): Trained {
  const folder = folderInMemory(t)
  put(folder, 'prose.ndjson', documents(PROSE))
  put(folder, 'notes.ndjson', documents(NOTES))
  const manifest = put(
    folder, 'mix.yaml',
    `tokenizer_output_dir: DIR/tokenizer\ntokenizer: ${tokenizer}\ndatasets:\n${DATASETS}\n`.replaceAll('DIR', folder)
  )
  return {
    folder,
    manifest,
    model: join(folder, 'tokenizer/spm_300_unigram.model'),
    train: (options, run) => trainTokenizer({ manifest, workers: 1, ...options }, run)
  }
}

t.test('a manifest: its components\' filtered samples are trained on as the library does', async t => {
  const { folder, manifest, train, model } = mixture(t)
  t.match(await failure(processMixture(manifest)), {
    code: 'ERR_TOKENIZER',
    message: pattern(
      /spm_300_unigram\.model: no such file, .*; /,
      /train-tokenizer --manifest .*mix\.yaml trains it, and so does run/
    )
  })
  const stats = await train()
  const learned = [...PROSE.filter(text => Array.from(text).length >= 20), ...NOTES.slice(0, 40)]
  const expected = await trainUnigram(learned, {
    vocabSize: 300, characterCoverage: 0.99, normalizationRuleName: RULE, workers: 1
  })
  t.strictSame(readFileSync(model), Buffer.from(expected.model))
  t.equal(readFileSync(join(folder, 'tokenizer/spm_300_unigram.vocab'), 'utf8'), expected.vocab)
  t.match(stats, {
    model,
    sha256: sha256(readFileSync(model)),
    vocab_size: 300,
    model_type: 'unigram',
    manifest,
    datasets: [
      {
        name: 'prose',
        dataset: 'json',
        license: 'Apache-2.0',
        samples: learned.length - 40,
        sample_limit: 100_000,
        dropped: { 'length.too_short': LINES - learned.length + 40 }
      },
      { name: 'notes', samples: 40, sample_limit: 40 }
    ],
    settings: { vocab_size: 300, character_coverage: 0.99, normalization_rule_name: RULE },
    training: { sentences: learned.length, cut_lines: 0 }
  })
  t.strictSame(JSON.parse(readFileSync(join(folder, 'tokenizer/spm_300_unigram.json'), 'utf8')), stats)
  t.match(trainingText(stats), pattern(
    /^component +read +kept +seconds +MB\/s\nprose .*\n.*\nnotes +\d+ +40 .*\n/,
    /[^]*spm_300_unigram\.model: 300 pieces, trained/
  ))
  t.equal((await loadTokenizer(model)).vocabSize, 300)
})

t.test('long runs without a space are skipped, and their number is reported', async t => {
  const { folder, manifest, train } = mixture(t)
  const told: string[] = []
  const tell = (message: string): void => { told.push(message) }
  const whole = await train()
  put(folder, 'prose.ndjson', documents([...PROSE, 'ab'.repeat(500), `${'0'.repeat(257)} ${'1'.repeat(256)}`]))
  const stats = await train({}, { tell })
  t.match(told, [
    /^train-tokenizer: is done again/,
    'train-tokenizer: 2 runs of more than 256 characters without a space, 1,257 characters in all, ' +
      'were left out (--max-run-chars)'
  ])
  t.match(stats, { settings: { max_run_chars: 256 }, training: { long_runs: 2, long_run_characters: 1257 } })
  t.match(whole.training, { long_runs: 0, long_run_characters: 0 })
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('vocab_size: 300,', 'vocab_size: 300, ' +
    'max_run_chars: 0,'))
  told.length = 0
  t.match(await train({}, { tell }), { settings: { max_run_chars: 0 }, training: { long_runs: 0 } })
  t.notMatch(told.join('\n'), /without a space/)
})

t.test('the same training is not repeated; a changed one is', async t => {
  const { folder, train, model } = mixture(t)
  const told: string[] = []
  const tell = (message: string): void => { told.push(message) }
  const first = await train({}, { tell })
  t.strictSame(told, [])
  t.strictSame(await train({}, { tell }), first)
  t.strictSame(told.splice(0), ['train-tokenizer: is finished, and up to date'])
  const { seconds, datasets, ...same } = await train({ restart: true }, { tell })
  t.match(first, same, 'the same bytes')
  put(folder, 'notes.ndjson', documents(NOTES.slice(1)))
  t.not((await train({}, { tell })).sha256, first.sha256)
  t.match(told.splice(0), [/^train-tokenizer: is done again: .*notes\.ndjson: /])
  await train({ userDefinedSymbols: '<sep>,<cls>' }, { tell })
  t.match(told.splice(0), [/is done again: user_defined_symbols\[0\]: \(none\) -> "<sep>"/])
  t.match(readModel(readFileSync(model), model).pieces.slice(3, 5), [
    { piece: '<sep>', type: 'user_defined' }, { piece: '<cls>' }
  ])
  const now = readFileSync(model)
  writeFileSync(model, Buffer.from(now.map((byte, i) => i === 100 ? byte ^ 1 : byte)))
  await train({ userDefinedSymbols: ['<sep>', '<cls>'] }, { tell })
  t.match(told.splice(0), [/is done again: .*spm_300_unigram\.model: has SHA-256 \w+, expected \w+/])
  t.strictSame(readFileSync(model), now)
  rmSync(model)
  await train({ userDefinedSymbols: ['<sep>', '<cls>'] }, { tell })
  t.match(told, [/is done again: .*spm_300_unigram\.model/])
})

t.test('the stats of a model that is up to date are written again, also to another path', async t => {
  const { folder, train } = mixture(t)
  const stats = await train()
  const log = join(folder, 'tokenizer/spm_300_unigram.json')
  const text = readFileSync(log, 'utf8')
  rmSync(log)
  t.strictSame(await train(), stats)
  t.equal(readFileSync(log, 'utf8'), text)
  const other = put(folder, 'other.json', 'of something else')
  t.match(await failure(train({ logFile: other })), {
    code: 'ERR_OUTPUT_EXISTS', message: /other\.json: is not the log of a training, which would replace it/
  })
  writeFileSync(other, '')
  t.strictSame(await train({ logFile: other }), stats)
  t.equal(readFileSync(other, 'utf8'), text)
})

t.test('a training that was stopped between its files recognizes them', async t => {
  const { folder, train, model } = mixture(t, '{ vocab_size: 300, hard_vocab_limit: false, ' +
    'max_sentencepiece_length: 1, normalization_rule_name: identity }')
  t.match(await failure(train({}, { tell: () => { mkdirSync(model) } })), {
    code: 'ERR_OUTPUT', message: /spm_300_unigram\.model: /
  })
  rmdirSync(model)
  put(folder, 'tokenizer/spm_300_unigram.model', 'as if it was killed after this')
  const told: string[] = []
  await train({}, { tell: message => { told.push(message) } })
  t.match(told[0], /^train-tokenizer: starts over: it had not reached a checkpoint$/)
  t.ok((await loadTokenizer(model)).vocabSize < 300)
})

t.test('one dataset, long lines, and fewer pieces than requested are reported', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.txt', `${'one endless line and more of it '.repeat(200)}\n`)
  const told: string[] = []
  const options = {
    dataset: 'text',
    dataFiles: join(folder, 'a.txt'),
    vocabSize: 1000,
    normalizationRuleName: RULE,
    outputDir: join(folder, 'out'),
    workers: 1,
    logFile: join(folder, 'log.json')
  }
  const error = await failure(trainTokenizer(options))
  t.match(error, { code: 'ERR_OPTION', message: /the text has at most \d+ pieces, expected 1000/ })
  t.notOk(filesIn(folder).some(name => name.startsWith('out/')), 'no partial files')
  const stats = await trainTokenizer(
    { ...options, hardVocabLimit: false, sampleLimit: 5, workers: howMany(1, 2) },
    { tell: message => { told.push(message) } }
  )
  t.match(told, [
    'train-tokenizer: 1 long line was cut into parts',
    /^train-tokenizer: the text gives \d+ pieces, fewer than the 1,000 requested$/
  ])
  t.match(stats, { datasets: [{ name: 'text', samples: 1, sample_limit: 5 }], manifest: null, manifest_sha256: null })
  t.ok(existsSync(join(folder, 'log.json')))
})

t.test('a model that this training did not make is replaced only with overwrite', async t => {
  const { train, model, folder } = mixture(t)
  put(folder, 'tokenizer/spm_300_unigram.model', 'precious')
  t.match(await failure(train()), {
    code: 'ERR_OUTPUT_EXISTS', message: /spm_300_unigram\.model: is a model that this training did not make/
  })
  t.equal(readFileSync(model, 'utf8'), 'precious')
  await train({ overwrite: true })
  t.equal((await loadTokenizer(model)).vocabSize, 300)
})

t.test('standard input, which can\'t be read twice', async t => {
  const folder = temporaryFolder(t)
  const args = [
    'train-tokenizer', '--data-files', '-', '--vocab-size', '200', '--character-coverage', '0.98', '--no-split-digits',
    '--output-dir', 'out', '--json', '--workers', '1', '--normalization-rule-name', 'identity'
  ]
  const ended = await (own?.run ?? command)(args, { cwd: folder, input: documents(PROSE) })
  t.equal(ended.code, 0, ended.stderr)
  t.match(JSON.parse(ended.stdout), {
    vocab_size: 200, datasets: [{ samples: LINES }], settings: { split_digits: false }
  })
  t.strictSame(filesIn(folder).sort(), [
    'out/spm_200_unigram.json', 'out/spm_200_unigram.model', 'out/spm_200_unigram.vocab'
  ])
  t.match(await (own?.run ?? command)(args, { cwd: folder, input: documents(PROSE) }), {
    code: 2, stderr: /is a model that this training did not make.*\[ERR_OUTPUT_EXISTS\]/
  })
})

t.test('an input that can be read only once leaves no checkpoint', async t => {
  const { folder, train } = mixture(t)
  const options = {
    dataFiles: [join(folder, 'prose.ndjson'), '/dev/null'],
    vocabSize: 300,
    characterCoverage: 0.99,
    normalizationRuleName: RULE,
    outputDir: join(folder, 'tokenizer'),
    workers: 1
  }
  const names = (): string[] => filesIn(folder).filter(name => name.startsWith('tokenizer/'))
  await train()
  t.ok(names().includes('tokenizer/spm_300_unigram.checkpoint.json'))
  t.match(await failure(trainTokenizer(options)), { code: 'ERR_OUTPUT_EXISTS' })
  await trainTokenizer({ ...options, overwrite: true })
  t.strictSame(names().sort(), [
    'tokenizer/spm_300_unigram.json', 'tokenizer/spm_300_unigram.model', 'tokenizer/spm_300_unigram.vocab'
  ])
  await withLock(join(folder, 'tokenizer/spm_300_unigram.model.lock'), 'the model', async () => {
    t.match(await failure(trainTokenizer({ ...options, overwrite: true })), { code: 'ERR_LOCKED' })
  })
})

t.test('an abort leaves no files', async t => {
  const { folder, train } = mixture(t)
  const before = filesIn(folder)
  t.match(await failure(train({}, { signal: AbortSignal.abort() })), { code: 'ERR_ABORTED' })
  t.strictSame(filesIn(folder), before)
  await train()
  const there = contentIn(folder)
  t.match(await failure(train({ vocabSize: 300, seed: 2 }, { signal: AbortSignal.abort() })), {
    code: 'ERR_ABORTED', message: /: stopped; the same command restarts the training$/
  }, 'it has no checkpoint to resume')
  t.strictSame(contentIn(folder), there)
})

t.test('an error names its component', async t => {
  const { folder, train } = mixture(t)
  const before = filesIn(folder)
  put(folder, 'prose.ndjson', documents(['short']))
  t.match(await failure(train()), { code: 'ERR_EXPECTED', message: /^prose: length dropped the only document/ })
  put(folder, 'prose.ndjson', '')
  put(folder, 'notes.ndjson', '')
  t.match(await failure(train()), { code: 'ERR_OPTION', message: /the texts have no character to learn from/ })
  t.strictSame(filesIn(folder), before)
})

t.test('invalid options are refused', async t => {
  const { folder, manifest, train } = mixture(t)
  const before = filesIn(folder)
  const dataFiles = join(folder, 'prose.ndjson')
  const wrong: ReadonlyArray<readonly [() => Promise<unknown>, RegExp, string?]> = [
    [() => trainTokenizer({}), /dataFiles: expected the files to train on, a dataset on the Hub, or a manifest/],
    [
      () => train({ dataFiles }),
      /dataFiles: is for one dataset, and the manifest names its own; leave --data-files or --manifest out/
    ],
    [() => train({ modelType: 'bpe' }), /modelType: only unigram models can be trained, got bpe/],
    [() => trainTokenizer({ dataFiles, characterCoverage: 0 }), /characterCoverage: expected more than 0, got 0/],
    [() => trainTokenizer({ dataFiles, characterCoverage: 1.1 }), /characterCoverage: expected at most 1, got 1.1/],
    [() => train({ userDefinedSymbols: 'a,,b' }), /got an empty symbol/],
    [() => train({ userDefinedSymbols: ['a', 'a'] }), /got a twice/],
    [
      () => {
        const datasets = `datasets:\n  - { name: a, dataset: json, data_files: ${dataFiles} }\n`
        const manifest = put(temporaryFolder(t), 'm.yaml', `tokenizer: { coverage: 1 }\n${datasets}`)
        return trainTokenizer({ manifest })
      },
      /:1:14: unknown key coverage/,
      'ERR_MANIFEST'
    ],
    [
      () => trainTokenizer({
        dataFiles: put(temporaryFolder(t), 'empty.ndjson', ''),
        vocabSize: 100,
        normalizationRuleName: RULE,
        workers: 1,
        outputDir: join(folder, 'x')
      }),
      /the texts have no character to learn from/
    ],
    [
      () => trainTokenizer({
        dataFiles, vocabSize: 300, normalizationRuleName: RULE, workers: 1, outputDir: join(fixture('tiny.model'), 'x')
      }),
      /cannot be written: a part of the path is a file/,
      'ERR_OUTPUT'
    ],
    [
      () => trainTokenizer({
        dataFiles, vocabSize: 300, normalizationRuleName: RULE, workers: 1, outputDir: folder, logFile: dataFiles
      }),
      /prose\.ndjson/,
      'ERR_OUTPUT_EXISTS'
    ]
  ]
  for (const [train, message, code = 'ERR_OPTION'] of wrong) t.match(await failure(train()), { code, message })
  t.strictSame(filesIn(folder), before)
  t.ok(existsSync(manifest))
})

if (own !== null) {
  t.test('the process ends', async t => {
    t.match(await own.end(), { code: 0, signal: null })
  })
}

t.test('a training reports its phases', async t => {
  const folder = temporaryFolder(t)
  const states: string[] = []
  let open = 0
  const text = Array.from({ length: 400 }, (_, i) =>
    `the water ${i} goes over the weir ${i * 7} and under the bridge ${i % 13}`).join('\n')
  await trainTokenizer({
    dataset: 'text',
    dataFiles: put(folder, 'a.txt', text),
    vocabSize: 60,
    hardVocabLimit: false,
    normalizationRuleName: RULE,
    outputDir: folder,
    workers: 1
  }, {
    watchWork: ({ name, state }) => {
      t.equal(name, 'train-tokenizer')
      open++
      states.push(state())
      return () => {
        open--
        states.push(state())
      }
    }
  })
  t.equal(open, 0, 'each phase has ended')
  t.match(states[0], 'reads its samples')
  t.match(
    states.find(state => state.includes('seed')),
    /^collects seed pieces from [\d,]+ words of \d+ characters$/
  )
  t.match(states.at(-1), /^round \d+: [\d,]+ pieces, target 60; objective \d+\.\d{4}$/)
})
