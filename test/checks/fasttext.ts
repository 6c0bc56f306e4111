/**
 * Labels and probabilities compared with those of the command `fasttext`: with lid.176.ftz, and with models that the
 * command trains here, one for each way of training and of quantization. Each is run with the kernel with a large word
 * table, with one that is too small, and with none, and with the plain code.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  type ClassifierOptions, FastTextClassifier, type Prediction, loadFastText
} from '../../lib/fasttext/classifier.ts'
import type { Checks } from './checks.ts'

const LID = 'fasttext.wasm.js/dist/models/language-identification/assets/lid.176.ftz'

/** The allowed difference from the command's probability. */
const ALLOWED = 1e-4

const WAYS: ReadonlyArray<readonly [name: string, options: ClassifierOptions]> = [
  ['a large table', {}],
  ['a tiny table', { tableBytes: 4096 }],
  ['no table', { tableBytes: 0 }],
  ['the plain code', { kernel: false }]
]

/** A way to train, and optionally a way to quantize. */
type Training = readonly [name: string, train: string, pack?: string]

const CHARS = '-minn 2 -maxn 4 -bucket 20000'
const TRAININGS: readonly Training[] = [
  ['hs, characters', `-loss hs -dim 16 ${CHARS}`],
  ['ns, words', '-loss ns -dim 10'],
  ['softmax, bigrams', '-loss softmax -dim 12 -wordNgrams 2 -bucket 50000'],
  ['ova, characters and trigrams', '-loss ova -dim 9 -wordNgrams 3 -minn 1 -maxn 3 -bucket 50000'],
  ['hs, characters, quantized', `-loss hs -dim 16 ${CHARS}`, '-dsub 2'],
  ['hs, characters, pruned, norms', `-loss hs -dim 15 ${CHARS}`, '-dsub 2 -qnorm -cutoff 5000'],
  ['ova, characters, pruned and retrained', `-loss ova -dim 10 ${CHARS}`, '-dsub 4 -qnorm -cutoff 8000 -retrain'],
  ['softmax, bigrams, pruned', '-loss softmax -dim 12 -wordNgrams 2 -bucket 50000', '-dsub 5 -cutoff 20000'],
  ['ns, characters, quantized, not decoded', '-loss ns -dim 64 -minn 3 -maxn 5 -bucket 80000', '-dsub 2 -qnorm']
]

/** @param shared folder with web and langid, if it exists @param folder to work in */
export async function judgeFastText (checks: Checks, shared: string, folder: string): Promise<void> {
  const files = ['langid', 'web'].map(name => join(shared, `${name}.ndjson.gz`))
  const missing = spawnSync('fasttext').error !== undefined
    ? 'the command fasttext is not installed'
    : files.every(file => existsSync(file)) ? undefined : `${shared} is missing`
  if (missing !== undefined) {
    checks.skip('fasttext, compared with the command', missing)
    return
  }
  const [langid, web] = files.map(records) as [Labelled[], Labelled[]]
  const model = languageModel()
  if (model === undefined) {
    checks.skip(
      'fasttext, lid.176.ftz', 'the optional package fasttext.wasm.js is not installed'
    )
  } else {
    await compare(checks, 'lid.176.ftz, langid', model, langid)
    await compare(checks, 'lid.176.ftz, web', model, web)
  }
  const path = join(folder, 'fasttext-train.txt')
  writeFileSync(path, langid.filter((_, i) => i % 2 === 0).map(({ label, text }) =>
    `__label__${label} ${lineOf(text)}\n`).join(''))
  const asked = [...langid.filter((_, i) => i % 8 === 1), ...web.filter((_, i) => i % 20 === 0)]
  for (const [name, train, pack] of TRAININGS) {
    const output = join(folder, 'fasttext-judged')
    run(
      'supervised', '-input', path, '-output', output, '-thread', '2', '-epoch', '3', '-lr', '0.5', ...train.split(' ')
    )
    if (pack !== undefined) {
      run('quantize', '-input', path, '-output', output, '-thread', '2', '-epoch', '1', ...pack.split(' '))
    }
    await compare(checks, name, `${output}.${pack === undefined ? 'bin' : 'ftz'}`, asked)
  }
}

interface Labelled {
  readonly label: string
  readonly text: string
}

async function compare (checks: Checks, name: string, model: string, texts: readonly Labelled[]): Promise<void> {
  const expected = run('predict-prob', model, '-', '1', texts.map(({ text }) => lineOf(text) + '\n').join(''))
    .split('\n').slice(0, -1)
  const { shared } = await loadFastText(model)
  for (const [way, options] of WAYS) {
    const classifier = FastTextClassifier.from(shared, options)
    let most = 0
    const wrong: string[] = []
    for (const [i, { text }] of texts.entries()) {
      const found = classifier.predict(text)
      const far = distance(found, expected[i]!)
      most = Math.max(most, Math.min(far, 1))
      if (far < ALLOWED) continue
      wrong.push(`${JSON.stringify(text.slice(0, 100))}: ${JSON.stringify(found)}, expected ${expected[i]}`)
    }
    for (const line of wrong.slice(0, 3)) console.log(`  ${name}, ${way}: ${line}`)
    checks.check(
      `fasttext, ${name}, ${way}: labels and probabilities equal the command's (${texts.length} texts, ` +
        `at most ${most.toExponential(1)} difference); ${wrong.length} wrong`,
      expected.length === texts.length && wrong.length === 0
    )
  }
}

/** The difference of the probability from the command's; Infinity if the label differs. */
function distance ([got]: readonly Prediction[], line: string): number {
  const [label, probability] = line.split(' ')
  return (got?.label ?? '') !== label
    ? Infinity
    : got === undefined ? 0 : Math.abs(got.probability - Number(probability))
}

/** A text in the form that the command reads. */
function lineOf (text: string): string {
  return text.toWellFormed().replaceAll('\n', ' ')
}

function languageModel (): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(LID)
  } catch {
    return undefined
  }
}

function run (...args: readonly string[]): string {
  const isAsking = args[0] === 'predict-prob'
  return execFileSync('fasttext', isAsking ? args.slice(0, -1) : args, {
    encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'ignore'], ...(isAsking && { input: args.at(-1)! })
  })
}

function records (file: string): Labelled[] {
  return gunzipSync(readFileSync(file)).toString().split('\n').filter(line => line !== '').map(line => {
    const { text, lang = '' } = JSON.parse(line) as { text: string, lang?: string }
    return { label: lang, text }
  }).filter(({ text }) => !text.includes('</s>'))
}
