/**
 * Ids of texts compared with SentencePiece's: of real documents with recorded ids, and of documents in many languages,
 * source code and malicious texts with models that SentencePiece trains here, one for each training option that changes
 * how a text is encoded.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { sha256 } from '../../lib/hash.ts'
import { packageRoot } from '../../lib/package.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import type { Checks } from './checks.ts'

const root = packageRoot()
const CODE_BYTES = 1_500_000
const LONG_BYTES = 5_000_000
const UNBROKEN = 300_000

/** Texts of one kind, in memory and in a file for SentencePiece. */
interface Texts {
  readonly kind: string
  readonly texts: readonly string[]
  readonly path: string
}

/**
 * What models encode in addition to source code and a third of the documents: nothing, every scalar value, or that and
 * the other documents.
 */
type Extent = 'short' | 'scalars' | 'all'
/**
 * Lines for training: of everything, fewer of everything, or, for few pieces, of the first file only, which is in
 * English.
 */
type Corpus = 'large' | 'small' | 'english'
type TrainerOptions = Readonly<Record<string, string | number | boolean>>
/** A way to train: its name, what to encode with it, and the trainer's options. */
type Training = readonly [name: string, extent: Extent, options: TrainerOptions, corpus: Corpus]

const SYMBOLS = ['the', 'there', ' of', 'and ', 'e', '\u0301', '...', '<doc>', '\u00e9', '12', '=='].join(',')
const [noPrefix, keep, suffix] = [
  { add_dummy_prefix: false }, { remove_extra_whitespaces: false }, { treat_whitespace_as_suffix: true }
]
const TRAININGS: readonly Training[] = [
  ['defaults', 'all', { vocab_size: 32_000 }, 'large'],
  [
    'byte fallback, no prefix, spaces kept',
    'all',
    { vocab_size: 32_000, byte_fallback: true, ...noPrefix, ...keep },
    'large'
  ],
  ['byte fallback', 'short', { vocab_size: 8000, byte_fallback: true }, 'small'],
  ['nfkc', 'scalars', { vocab_size: 8000, normalization_rule_name: 'nfkc' }, 'small'],
  ['nfkc_cf, no prefix', 'scalars', { vocab_size: 1000, normalization_rule_name: 'nfkc_cf', ...noPrefix }, 'english'],
  [
    'nmt_nfkc_cf, spaces kept',
    'scalars',
    { vocab_size: 8000, normalization_rule_name: 'nmt_nfkc_cf', ...keep },
    'small'
  ],
  ['identity', 'scalars', { vocab_size: 8000, normalization_rule_name: 'identity' }, 'small'],
  ['space as suffix', 'short', { vocab_size: 8000, ...suffix }, 'small'],
  ['space as suffix, no prefix', 'short', { vocab_size: 1000, ...suffix, ...noPrefix }, 'english'],
  ['space as suffix, spaces kept', 'short', { vocab_size: 1000, ...suffix, ...keep }, 'english'],
  ['no split at spaces', 'short', { vocab_size: 8000, split_by_whitespace: false }, 'english'],
  ['pieces of spaces alone', 'short', { vocab_size: 8000, allow_whitespace_only_pieces: true, ...keep }, 'english'],
  ['user-defined symbols', 'short', { vocab_size: 8000, user_defined_symbols: SYMBOLS }, 'small'],
  ['split digits', 'short', { vocab_size: 1000, split_digits: true, control_symbols: '<doc>' }, 'english'],
  ['few pieces', 'short', { vocab_size: 200 }, 'english'],
  ['few pieces, byte fallback', 'short', { vocab_size: 500, byte_fallback: true }, 'english']
]

/**
 * By model of `shared`, SHA-256 of the ids that SentencePiece 0.2.2 has for all documents, as printed by recent_ids.py
 * in this folder.
 */
const RECENT: Readonly<Record<string, string>> = {
  unigram32k: 'd1f8f38155116c5bbd5bd7b4ca5ea11073fed631960eeb3c509fa01b95210115',
  unigram8k: '78b3f791f29c1cdefb2ee64a0d076e0b665a78ded731251a25e184e51d337612'
}

/**
 * Options for faster, less precise training, which takes most of the time of this check. The models have the same
 * size.
 */
const HASTE = { num_sub_iterations: 1, seed_sentencepiece_size: 80_000, character_coverage: 0.99 }

/**
 * @param files of documents, to train on and to encode
 * @param shared folder with `spm/encode-*.ndjson.gz`, if it exists
 * @param folder to work in
 */
export async function judgeEncoding (
  checks: Checks,
  files: readonly string[],
  shared: string,
  folder: string
): Promise<void> {
  await compareDocuments(checks, files, shared)
  const texts = textsOf(files, folder)
  const corpora = writeCorpora(files, folder)
  const queue = TRAININGS.entries()
  // SentencePiece trains the next model while it encodes with this one.
  await Promise.all([1, 2].map(async () => {
    for (const [i, [name, extent, options, corpus]] of queue) {
      const asked = texts[extent]
      const model = join(folder, `judged-${i}.model`)
      const { wrong, ids, pieces } = await differences(model, [
        corpora[corpus], JSON.stringify({ ...HASTE, ...options })
      ], asked)
      for (const text of wrong.slice(0, 3)) console.log(`  ${name}: ${text}`)
      const kinds = asked.map(({ kind, texts }) => `${texts.length} ${kind}`).join(', ')
      checks.check(`encode, ${pieces} pieces, ${name}: ids and decoded text equal SentencePiece's (${ids} ids; ` +
        `${kinds}); ${wrong.length} wrong`, wrong.length === 0)
    }
  }))
}

/** Documents with recorded ids, and all documents with the ids of SentencePiece 0.2.2, whose hash is recorded. */
async function compareDocuments (checks: Checks, files: readonly string[], shared: string): Promise<void> {
  for (const [name, recent] of Object.entries(RECENT)) {
    const encoded = join(shared, `spm/encode-${name}.ndjson.gz`)
    if (!existsSync(encoded)) {
      checks.skip(`encode, ${name}: documents`, `${encoded} is missing`)
      continue
    }
    const path = join(shared, `spm/${name}.model`)
    const { encode } = await loadTokenizer(path, { version: '0.1.97' })
    const texts = new Map(files.flatMap(records).map(({ id, text }) => [id, text]))
    const expected = lines(encoded).map(line => JSON.parse(line) as { id: string, ids: number[] })
    const wrong = expected.filter(({ id, ids }) => encode(texts.get(id)!).join() !== ids.join())
    for (const { id } of wrong.slice(0, 3)) console.log(`  ${name}: document ${id}`)
    checks.check(`encode, ${name}: the ids that SentencePiece gave for ${expected.length} documents; ` +
      `${wrong.length} wrong`, expected.length > 0 && wrong.length === 0)
    const { encode: encodeRecent } = await loadTokenizer(path)
    const documents = files.flatMap(records)
    const idLines = documents.map(({ text }) => encodeRecent(text).join())
    const others = documents.filter(({ text }, i) => encode(text).join() !== idLines[i]).length
    checks.check(`encode, ${name}: the ids of SentencePiece 0.2.2 for ${documents.length} documents, ` +
      `${others} of them different from 0.1.97`, others > 0 &&
        sha256(idLines.map(ids => `${ids}\n`).join('')) === recent)
  }
}

/** Encodes texts, and returns those that SentencePiece, which runs at the same time, encodes or decodes differently. */
async function differences (
  model: string,
  training: readonly string[],
  asked: readonly Texts[]
): Promise<{ wrong: string[], ids: number, pieces: number }> {
  const program = join(root, 'test/checks/encode.py')
  const judge = spawn('/usr/bin/python3', [program, model, ...training, ...asked.map(({ path }) => path)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = new Promise<number | null>((resolve, reject) => judge.on('error', reject).on('close', resolve))
  const answers: AsyncIterator<string, undefined> = createInterface(judge.stdout)[Symbol.asyncIterator]()
  if ((await answers.next()).value !== 'ready') throw new Error(`SentencePiece ended with ${await ended}`)
  const { encode, decode, vocabSize: pieces } = await loadTokenizer(model, { version: '0.1.97' })
  const wrong: string[] = []
  let count = 0
  for (const { kind, texts } of asked) {
    for (const text of texts) {
      const ids = encode(text)
      count += ids.length
      const ours = `${ids.length} ${short(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength))} ` +
        short(decode(ids))
      const { value: theirs } = await answers.next()
      if (ours !== theirs) {
        wrong.push(`${kind}: ${JSON.stringify(text.slice(0, 200))} (${text.length} units): got ${ours}, ` +
          `expected ${String(theirs)}`)
      }
    }
  }
  const code = await ended
  if (code !== 0) throw new Error(`SentencePiece ended with ${code}`)
  return { wrong, ids: count, pieces }
}

function short (content: Uint8Array | string): string {
  return sha256(content).slice(0, 16)
}

/** The texts to encode: documents, source code, and texts that are long or mixed. */
function textsOf (files: readonly string[], folder: string): Record<Extent, Texts[]> {
  const put = (kind: string, texts: readonly string[]): Texts => {
    const path = join(folder, `${kind.replaceAll(' ', '-')}.jsonl`)
    writeFileSync(path, texts.map(text => JSON.stringify(text) + '\n').join(''))
    return { kind, texts, path }
  }
  const last = records(files.at(-1)!).map(({ text }) => text) // the file of many languages, if it exists
  const code = sourceCode()
  const third = put('documents', last.filter((_, i) => i % 3 === 0))
  const common = [
    put('files of source code', code),
    put('without a space', [code.join('').replace(/\s+/g, '').slice(0, UNBROKEN)])
  ]
  const scalars = put('of every scalar value', [everyScalar()])
  const long = put('of 5 MB', [Buffer.from(records(files[0]!).map(({ text }) => text).join('\n\n'))
    .subarray(0, LONG_BYTES).toString()])
  return {
    short: [third, ...common],
    scalars: [third, ...common, scalars],
    all: [put('all documents', last), ...common, scalars, long]
  }
}

/** The source code of the repository, and of the packages that it uses. */
function sourceCode (): string[] {
  const texts: string[] = []
  let bytes = 0
  for (const folder of [
    'lib', 'sources', 'transforms', 'sinks', 'recipes', 'test', 'node_modules/typescript-eslint',
    'node_modules/hyparquet', 'node_modules/zod', 'node_modules/eslint/lib'
  ]) {
    const names = existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort()
      : []
    for (const name of names) {
      if (!/\.(ts|js|py)$/.test(name) || bytes > CODE_BYTES) continue
      texts.push(readFileSync(join(root, folder, name), 'utf8').toWellFormed())
      bytes += texts.at(-1)!.length
    }
  }
  return texts
}

/** Every Unicode scalar value once. SentencePiece needs quadratic time for unknown ones in a row. */
function everyScalar (): string {
  const parts: string[] = []
  for (let point = 0; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point < 0xe000) continue
    parts.push(String.fromCodePoint(point))
    if (point % 8 === 7) parts.push(' a')
  }
  return parts.join('')
}

/** Writes the training text, one line each. */
function writeCorpora (files: readonly string[], folder: string): Record<Corpus, string> {
  const linesOf = (text: string): string[] =>
    text.split('\n').map(line => line.trim()).filter(line => line !== '' && line.length < 1000)
  const every = <T>(n: number, items: readonly T[]): T[] => items.filter((_, i) => i % n === 0)
  const first = records(files[0]!).flatMap(({ text }) => linesOf(text))
  const rest = [...records(files.at(-1)!).map(({ text }) => text), ...every(4, sourceCode())].flatMap(linesOf)
  const put = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name)
    writeFileSync(path, lines.join('\n') + '\n')
    return path
  }
  return {
    large: put('large.txt', [...every(8, first), ...rest]),
    small: put('small.txt', every(2, [...every(12, first), ...rest])),
    english: put('english.txt', every(24, first))
  }
}

function records (file: string): Array<{ id: string, text: string }> {
  return lines(file).map(line => JSON.parse(line) as { id: string, text: string })
}

function lines (file: string): string[] {
  const content = readFileSync(file)
  return (file.endsWith('.gz') ? gunzipSync(content) : content).toString().split('\n').filter(line => line !== '')
}
