/**
 * Ids of all shared texts, source code and hostile strings, against those of tiktoken, Hugging Face's tokenizers and
 * today's SentencePiece. The packages come from PyPI, as those of the benchmarks do, and so do real vocabularies. A
 * model or package that is missing is skipped.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { messageOf } from '../../lib/errors.ts'
import { packageRoot } from '../../lib/package.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { Missing, TEXTS } from '../bench/corpora/sources.ts'
import { SHARED } from '../bench/corpus.ts'
import { Models } from '../bench/frame/models.ts'
import { type Package, type Python, findPython, release } from '../bench/frame/python.ts'
import type { Checks } from './checks.ts'
import { everyPoint, hostileTexts } from './hostile-texts.ts'

const PROGRAM = join(packageRoot(), 'test/checks/tokenizers.py')
/** Of source code, which Hugging Face's tokenizers takes long for. */
const CODE_BYTES = 4_000_000
/** How many judges are asked at the same time. */
const JUDGES = 2
const SHOWN = 3

/** Texts of one kind, in memory and in a file for the judge. */
interface Texts {
  readonly kind: string
  readonly texts: readonly string[]
  readonly path: string
}

interface Judged {
  readonly name: string
  readonly judge: Package
  /** @throws Missing */
  readonly model: (models: Models) => Promise<string>
  /** Whether special tokens in texts become tokens, as they do for the judge. */
  readonly findsSpecial?: boolean
  /** Whether each text is decoded to itself. */
  readonly isReversible?: boolean
  /** Whether it is asked about every code point. */
  readonly isThorough?: boolean
}

const JUDGED: readonly Judged[] = [
  ...(['r50k_base', 'cl100k_base', 'o200k_base'] as const).map((name): Judged => ({
    name, judge: 'tiktoken', model: async models => await models.ranks(name), isReversible: true, isThorough: true
  })),
  ...(['gpt2', 'llama3', 'qwen3', 'deepseek', 'starcoder'] as const).map((name): Judged => ({
    name: `${name}, tokenizer.json`,
    judge: 'tokenizers',
    model: async models => await models.tokenizerJson(name),
    isReversible: name !== 'qwen3' // it composes characters
  })),
  ...(['llama2', 'mistral', 'phi3', 'gemma', 'codellama', 'ignore-merges', 'no-bytes', 'digits'] as const)
    .map(family => pieces(family, async models => await models.bpe())),
  ...(['t5', 't5-first', 'xlm-r', 'albert', 'deberta', 'nllb', 'unigram-bytes'] as const)
    .map(family => pieces(family, async () => await shared('unigram32k'))),
  pieces('nfkc', async models => await models.largeUnigram()),
  { name: 'BPE, 32,000 pieces', judge: 'sentencepiece', model: async models => await models.bpe() },
  { name: 'unigram, 32,000 pieces', judge: 'sentencepiece', model: async () => await shared('unigram32k') },
  { name: 'unigram, 8,000 pieces', judge: 'sentencepiece', model: async () => await shared('unigram8k') },
  { name: 'unigram, 250,000 pieces', judge: 'sentencepiece', model: async models => await models.largeUnigram() }
]

/** A `tokenizer.json` with pieces of text. */
function pieces (family: string, model: Judged['model']): Judged {
  return {
    name: `${family}, tokenizer.json with pieces`,
    judge: 'tokenizers',
    model: async models => await models.pieces(await model(models), family),
    findsSpecial: true
  }
}

/**
 * @param folder to work in
 * @param every 1 for all shared texts, 4 for every fourth one
 */
export async function judgeTokenizers (checks: Checks, folder: string, every: number): Promise<void> {
  const python = await findPython(console.log)
  const models = new Models(python, console.log)
  const texts = await writeTexts(folder, every)
  const points = writeKind(folder, 'every code point', everyPoint())
  const queue = JUDGED.values()
  await Promise.all(Array.from({ length: JUDGES }, async () => {
    for (const judged of queue) {
      await judgeOne(checks, judged, python, models, judged.isThorough === true ? [...texts, points] : texts)
    }
  }))
}

async function judgeOne (
  checks: Checks, judged: Judged, python: Python | undefined, models: Models, texts: readonly Texts[]
): Promise<void> {
  const { name, judge, model, findsSpecial = false, isReversible = false } = judged
  const asked = `encode, ${name}: the ids of ${judge}`
  try {
    const judgeName = release(python, judge)
    if (python === undefined || judgeName === undefined) throw new Missing(`Python's ${judge} is not installed`)
    const { wrong, altered, ids } = await differences(
      python, judge, await model(models), texts, findsSpecial ? 'encode' : 'text'
    )
    for (const text of [...wrong, ...isReversible ? altered : []].slice(0, SHOWN)) console.log(`  ${name}: ${text}`)
    const kinds = texts.map(({ kind, texts }) => `${texts.length} ${kind}`).join(', ')
    const counts = `${ids} ids; ${kinds}); ${wrong.length} wrong`
    checks.check(`encode, ${name}: the ids of ${judgeName} (${counts}`, wrong.length === 0 && ids > 0)
    if (isReversible) {
      checks.check(`decode, ${name}: each text as it was; ${altered.length} wrong`, altered.length === 0)
    }
  } catch (error) {
    if (error instanceof Missing) checks.skip(asked, error.message)
    else checks.check(`${asked}: ${messageOf(error)}`, false)
  }
}

/** Texts that have other ids than the judge says, and those that aren't decoded to themselves. */
async function differences (
  { program, environment }: Python,
  judge: Package,
  model: string,
  asked: readonly Texts[],
  specialTokens: 'encode' | 'text'
): Promise<{ readonly wrong: readonly string[], readonly altered: readonly string[], readonly ids: number }> {
  const child = spawn(program, [PROGRAM, judge, model, ...asked.map(({ path }) => path)], {
    env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'close') as Promise<[number | null]>
  const answers: AsyncIterator<string, undefined> = createInterface(child.stdout)[Symbol.asyncIterator]()
  const { encode, decode } = await loadTokenizer(model, { specialTokens })
  const [wrong, altered]: [string[], string[]] = [[], []]
  let count = 0
  for (const { kind, texts } of asked) {
    for (const text of texts) {
      const ids = encode(text)
      count += ids.length
      const decoded = decode(ids)
      const ours = `${ids.length} ${hashed(ids)} ${judge === 'tokenizers' ? hashed(decoded) : ''}`
      const { value: theirs } = await answers.next()
      const shown = `${kind}: ${JSON.stringify(text.slice(0, 200))} (${text.length} units)`
      if (ours !== theirs) wrong.push(`${shown}: got ${ours}, expected ${String(theirs)}`)
      if (decoded !== text.toWellFormed()) altered.push(`${shown}: decoded to another text`)
    }
  }
  const [code] = await ended
  if (code !== 0) throw new Error(`${judge} ended with ${code}`)
  return { wrong, altered, ids: count }
}

function hashed (content: Int32Array | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}

/** Of the texts that are on this machine. */
async function writeTexts (folder: string, every: number): Promise<Texts[]> {
  const kinds: Texts[] = []
  for (const name of ['web', 'books', 'lines', 'code'] as const) {
    try {
      const texts = [...(await TEXTS[name]()).texts].filter((_, i) => i % every === 0)
      kinds.push(writeKind(folder, name, name === 'code' ? beginningOf(texts, CODE_BYTES) : texts))
    } catch (error) {
      if (!(error instanceof Missing)) throw error
    }
  }
  return [...kinds, writeKind(folder, 'hostile strings', hostileTexts())]
}

function beginningOf (texts: readonly string[], bytes: number): string[] {
  let rest = bytes
  return texts.filter(text => (rest -= Buffer.byteLength(text)) > 0)
}

function writeKind (folder: string, kind: string, texts: readonly string[]): Texts {
  const path = join(folder, `judged-${kind.replaceAll(' ', '-')}.jsonl`)
  writeFileSync(path, texts.map(text => JSON.stringify(text.toWellFormed()) + '\n').join(''))
  return { kind, texts, path }
}

async function shared (name: string): Promise<string> {
  const path = join(SHARED, 'spm', `${name}.model`)
  if (!existsSync(path)) throw new Missing(`${path} is not on this machine`)
  return await Promise.resolve(path)
}
