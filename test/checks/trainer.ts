/**
 * Models that sluice trains, in SentencePiece: each reader must load them and encode like our encoder, `spm_train` must
 * have almost the same pieces, and the bytes must not depend on the number of workers.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../lib/hash.ts'
import { loadWasmEncoder } from '../../lib/sentencepiece/wasm.ts'
import { type Tokenizer, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import type { ModelOptions } from '../../lib/trainer/options.ts'
import { trainUnigram } from '../../lib/trainer/train-unigram.ts'
import type { Checks } from './checks.ts'
import { missingCommands, pythonIds, run, scalars, spmNormalize, spmTrain, texts } from './sentencepiece.ts'

const TRAINED_BYTES = 400_000
/** Documents of each file. */
const ASKED_DOCUMENTS = 120
/** For quality: every n-th document of a larger file. */
const QUALITY_BYTES = 3_000_000
const QUALITY_PIECES = 8000

/**
 * Shares: pieces in common with `spm_train`'s model, and the allowed number of tokens relative to it. In a small text,
 * hundreds of pieces are seen twice and have the same score up to rounding: some of them are left out.
 */
const WANTED_COMMON = { little: 0.95, quality: 0.97 } as const
const WANTED_TOKENS = 1.002
/**
 * The allowed difference from `spm_train`'s number of pieces, if there are fewer than requested: whether pieces with an
 * expectation of one half are kept depends on rounding, too.
 */
const ALLOWED_PIECES = 0.002

/** Bytes. Longer lines are skipped by `spm_train`, and split by us. */
const MAX_LINE = 4192

/** A way to train: its name, the options, and the text. */
type Training = readonly [name: string, options: ModelOptions, text?: 'last']

const SYMBOLS = ['<doc>', 'the', ' of', '\u0301', '==']
const TRAININGS: readonly Training[] = [
  ['nmt_nfkc', { vocabSize: 4000 }],
  ['byte fallback, symbols', { vocabSize: 4000, byteFallback: true, userDefinedSymbols: SYMBOLS }],
  ['nfkc, no prefix', { vocabSize: 3000, normalizationRuleName: 'nfkc', addDummyPrefix: false }],
  [
    'nmt_nfkc_cf, spaces kept',
    { vocabSize: 3000, normalizationRuleName: 'nmt_nfkc_cf', removeExtraWhitespaces: false }
  ],
  [
    'nfkc_cf, split digits',
    { vocabSize: 3000, normalizationRuleName: 'nfkc_cf', splitDigits: true, characterCoverage: 0.99 }
  ],
  [
    'identity, short pieces',
    {
      vocabSize: 3000,
      normalizationRuleName: 'identity',
      maxSentencepieceLength: 6,
      shrinkingFactor: 0.6,
      numSubIterations: 1
    }
  ],
  ['scripts and numbers not split', { vocabSize: 4000, splitByUnicodeScript: false, splitByNumber: false }],
  ['over spaces', { vocabSize: 3000, splitByWhitespace: false }],
  ['few seeds, fewer pieces than requested', { vocabSize: 8000, seedSentencepieceSize: 5000, hardVocabLimit: false }],
  ['the last file alone, all characters', { vocabSize: 8000, characterCoverage: 1, hardVocabLimit: false }, 'last'],
  [
    'the last file alone, byte fallback, no prefix, spaces kept',
    {
      vocabSize: 4000,
      hardVocabLimit: false,
      byteFallback: true,
      characterCoverage: 0.98,
      addDummyPrefix: false,
      removeExtraWhitespaces: false
    },
    'last'
  ]
]

const HOSTILE = [
  '', ' ', '  a  b  ', 'a\nb\r\nc', '\0a\0', '\u2581', 'a\u2581 b', '\u2585', '<s></s><unk>', '<0x41>',
  '\t\u00a0\u3000', '\ufeffa', '0123456789'.repeat(50), 'a'.repeat(3000), '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u0301\u0301', '\u{10ffff}\ue000'
]

/** @param files of documents, to train on and to encode @param folder to work in */
export async function judgeTrainer (checks: Checks, files: readonly string[], folder: string): Promise<void> {
  const missing = missingCommands()
  if (missing !== undefined) {
    for (const name of [
      'readers of models that sluice trains', 'their quality', 'the same bytes with any number of workers'
    ]) {
      checks.skip(name, missing)
    }
    return
  }
  const documents = files.map(texts)
  const corpora = {
    all: writeCorpus(
      join(folder, 'trained-all.txt'), documents.map(each => each.filter((_, i) => i % 2 === 0)), TRAINED_BYTES
    ),
    last: writeCorpus(
      join(folder, 'trained-last.txt'), [documents.at(-1)!.filter((_, i) => i % 2 === 0)], TRAINED_BYTES
    )
  }
  const asked = [
    ...documents.flatMap(each => sample(each.filter((_, i) => i % 2 === 1), ASKED_DOCUMENTS)),
    ...SYMBOLS.map(symbol => `a${symbol}${symbol} ${symbol}`),
    ...HOSTILE
  ]
  for (const [name, options, text = 'all'] of TRAININGS) {
    await judgeTraining(checks, { name, options, corpus: corpora[text], asked, folder })
  }
  for (const rule of ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'] as const) {
    await judgeNormalizing(checks, rule, folder)
  }
  await judgeSameBytes(checks, corpora.all)
  await judgeQuality(checks, documents, folder)
}

interface Judged {
  readonly name: string
  readonly options: ModelOptions
  /** A file of lines. */
  readonly corpus: string
  readonly asked: readonly string[]
  readonly folder: string
}

/** The readers are those of Debian. */
const JUDGED_VERSION = { version: '0.1.97' } as const

/** A model of ours in every reader, and its pieces compared with those of `spm_train`. */
async function judgeTraining (checks: Checks, { name, options, corpus, asked, folder }: Judged): Promise<void> {
  const model = await trained(join(folder, 'trained-ours.model'), corpus, options)
  const ours = await loadTokenizer(model, JUDGED_VERSION)
  const what = `trained, ${name} (${ours.vocabSize} pieces)`
  const readers: ReadonlyArray<readonly [reader: string, idsOf: readonly string[]]> = [
    ['Python', pythonIds(model, asked)],
    ['sentencepiece-js', await wasmIds(model, asked)]
  ]
  const expected = asked.map(text => `[${ours.encode(text).join()}]`)
  for (const [reader, ids] of readers) {
    const wrong = asked.filter((_, i) => ids[i] !== expected[i])
    for (const text of wrong.slice(0, 3)) console.log(`  ${name}, ${reader}: ${JSON.stringify(text.slice(0, 200))}`)
    checks.check(
      `${what}, ${reader}: same ids as our encoder (${asked.length} texts); ${wrong.length} wrong`,
      ids.length === asked.length && wrong.length === 0
    )
  }
  const lines = asked.flatMap(text => text.split('\n'))
  const input = join(folder, 'trained-asked.txt')
  writeFileSync(input, lines.map(line => `${line}\n`).join(''))
  const encoded = run('spm_encode', `--model=${model}`, '--output_format=id', `--input=${input}`)
  checks.check(
    `${what}, spm_encode: same ids as our encoder (${lines.length} lines)`,
    encoded === lines.map(line => `${ours.encode(line).join(' ')}\n`).join('')
  )
  const spmModel = spmTrain(join(folder, 'trained-theirs'), corpus, ...flagsOf(options))
  const theirs = await loadTokenizer(spmModel, JUDGED_VERSION)
  const common = inCommon(ours, theirs)
  const allowed = options.hardVocabLimit === false ? ALLOWED_PIECES * theirs.vocabSize : 0
  const isAlike = Math.abs(ours.vocabSize - theirs.vocabSize) <= allowed && firstPieces(ours) === firstPieces(theirs)
  checks.check(
    `${what}, compared with spm_train's (${theirs.vocabSize}): the same special pieces, ` +
      `${(100 * common).toFixed(2)} % of the pieces in common`,
    isAlike && common >= WANTED_COMMON.little
  )
}

/**
 * The normalization of every scalar value by a model of ours, compared with a model that `spm_train` has trained with
 * the same rules.
 */
async function judgeNormalizing (
  checks: Checks,
  rule: NonNullable<ModelOptions['normalizationRuleName']>,
  folder: string
): Promise<void> {
  const corpus = join(folder, 'trained-rules.txt')
  writeFileSync(corpus, 'the river opens a gate\n'.repeat(9))
  const options: ModelOptions = { vocabSize: 30, hardVocabLimit: false, normalizationRuleName: rule }
  const models = [
    await trained(join(folder, 'trained-rules-ours.model'), corpus, options),
    spmTrain(join(folder, 'trained-rules'), corpus, ...flagsOf(options))
  ]
  const input = join(folder, 'trained-scalars.txt')
  const lines = scalars().filter(scalar => scalar !== '\n') // which ends a line
  writeFileSync(input, lines.map(line => `a${line}b\n`).join(''))
  const [ours, theirs] = models.map(model => spmNormalize(model, input))
  checks.check(
    `trained, ${rule}: spm_normalize gives the same result as with spm_train's (${lines.length} scalar values)`,
    ours!.split('\n').length === lines.length + 1 && ours === theirs
  )
}

async function judgeSameBytes (checks: Checks, corpus: string): Promise<void> {
  const text = readFileSync(corpus, 'utf8')
  const hashes = new Set<string>()
  const ways = [1, 1, 2, 4, 2]
  for (const workers of ways) {
    // Splitting a text at line ends doesn't change the result.
    const texts = hashes.size === 0 ? [text] : text.split(/(?<=\n)/)
    const { model, vocab } = await trainUnigram(texts, { vocabSize: 4000, workers })
    hashes.add(sha256(model) + sha256(vocab))
  }
  checks.check(`trained with ${ways.join(', ')} workers: the same bytes`, hashes.size === 1)
}

/** The number of tokens of documents that neither was trained on. */
async function judgeQuality (
  checks: Checks,
  documents: ReadonlyArray<readonly string[]>,
  folder: string
): Promise<void> {
  const [learned, heldOut] = [0, 1].map(odd => documents.flatMap(texts => {
    const every = 2 * Math.ceil(texts.reduce((sum, text) => sum + text.length, 0) / QUALITY_BYTES)
    return texts.filter((_, i) => i % every === odd)
  })) as [string[], string[]]
  const corpus = writeCorpus(join(folder, 'trained-quality.txt'), [learned], Infinity)
  const options: ModelOptions = { vocabSize: QUALITY_PIECES, workers: 2 }
  const ours = await loadTokenizer(await trained(join(folder, 'trained-ours.model'), corpus, options), JUDGED_VERSION)
  const theirs = await loadTokenizer(
    spmTrain(join(folder, 'trained-theirs'), corpus, ...flagsOf(options)), JUDGED_VERSION
  )
  const tokens = (tokenizer: Tokenizer): number => heldOut.reduce((sum, text) => sum + tokenizer.encode(text).length, 0)
  const ratio = tokens(ours) / tokens(theirs)
  const common = inCommon(ours, theirs)
  checks.check(
    `trained, ${QUALITY_PIECES} pieces: ${(100 * common).toFixed(2)} % in common with spm_train, ` +
      `${tokens(theirs)} tokens of other documents by its model, and ${ratio.toFixed(5)} times as many by ours`,
    common >= WANTED_COMMON.quality && ratio <= WANTED_TOKENS
  )
}

/** @returns the model's path */
async function trained (path: string, corpus: string, options: ModelOptions): Promise<string> {
  const { model } = await trainUnigram([readFileSync(corpus, 'utf8')], { maxRunChars: 0, ...options })
  writeFileSync(path, model)
  return path
}

/** The options in the form of `spm_train`. */
function flagsOf ({ workers: _, ...options }: ModelOptions): string[] {
  return Object.entries(options).map(([name, value]) => {
    const flag = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    return `--${flag}=${Array.isArray(value) ? value.join(',') : String(value)}`
  })
}

async function wasmIds (model: string, asked: readonly string[]): Promise<string[]> {
  const encode = await loadWasmEncoder(model, sha256(readFileSync(model)))
  return asked.map(text => `[${encode(text).join()}]`)
}

function inCommon ({ model }: Tokenizer, theirs: Tokenizer): number {
  const judged = new Set(theirs.model!.pieces.map(({ piece }) => piece))
  return model!.pieces.filter(({ piece }) => judged.has(piece)).length / judged.size
}

/** Pieces that are not learned from text, in their order. */
function firstPieces ({ model }: Tokenizer): string {
  return JSON.stringify(
    model!.pieces.map(({ piece, type }, id) => [id, piece, type]).filter(([, , type]) => type !== 'normal')
  )
}

/** Writes lines of each group of documents, the same amount of each. @returns its path */
function writeCorpus (path: string, groups: ReadonlyArray<readonly string[]>, bytes: number): string {
  const lines = groups.flatMap(texts => {
    let taken = 0
    return texts.flatMap(text => text.split('\n')).map(line => line.trim()).filter(line => {
      const length = Buffer.byteLength(line) + 1
      if (line === '' || length > MAX_LINE || taken + length > bytes / groups.length) return false
      taken += length
      return true
    })
  })
  writeFileSync(path, lines.join('\n') + '\n')
  return path
}

/** The given number of items, evenly spaced. */
function sample <T> (items: readonly T[], count: number): T[] {
  return items.filter((_, i) => i % Math.ceil(items.length / count) === 0)
}
