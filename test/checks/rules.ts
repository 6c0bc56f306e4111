/**
 * Our normalization tables and our model files in SentencePiece: for each rule, a model that it has trained and ours,
 * with the same pieces and our table, must normalize and encode the same in all readers.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../lib/hash.ts'
import { readModel } from '../../lib/sentencepiece/model.ts'
import { RULE_NAMES } from '../../lib/sentencepiece/rule-names.ts'
import { charsmapOf } from '../../lib/sentencepiece/rules.ts'
import { loadWasmEncoder } from '../../lib/sentencepiece/wasm.ts'
import { modelBytes } from '../../lib/sentencepiece/write-model.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import type { Checks } from './checks.ts'
import { missingCommands, pythonIds, run, scalars, spmNormalize, spmTrain, texts } from './sentencepiece.ts'

const TRAINED_LINES = 20_000
const ENCODED_DOCUMENTS = 1000

/** @param files of documents, to train on and to encode @param folder to work in */
export async function judgeRules (checks: Checks, files: readonly string[], folder: string): Promise<void> {
  const missing = missingCommands()
  if (missing !== undefined) {
    for (const name of ['rules', 'models that sluice writes']) checks.skip(`${name} in SentencePiece`, missing)
    return
  }
  for (const name of RULE_NAMES) judgeRule(checks, name, folder)
  await judgeWritten(checks, files, folder)
}

/** Every scalar value, and the source of every rule, each in a line, as each model normalizes it. */
function judgeRule (checks: Checks, name: typeof RULE_NAMES[number], folder: string): void {
  const corpus = join(folder, 'rules.txt')
  writeFileSync(corpus, 'the river opens a gate\n'.repeat(9))
  // With default spaces, and with all of them kept, which shows other characters that become spaces.
  for (const [kind, ...options] of [
    ['spaces dropped'],
    ['spaces kept', '--add_dummy_prefix=false', '--remove_extra_whitespaces=false']
  ] as const) {
    const theirs = spmTrain(
      join(folder, 'rules'), corpus, '--vocab_size=30', '--hard_vocab_limit=false', `--normalization_rule_name=${name}`,
      ...options
    )
    const ours = rewritten(theirs, join(folder, 'our-rules.model'))
    const rules = name === 'identity' ? '' : run('spm_normalize', `--model=${theirs}`, '--decompile')
    if (name !== 'identity') {
      checks.check(
        `${name}, ${kind}: spm_normalize has the same rules with our table (${rules.split('\n').length - 1})`,
        rules === run('spm_normalize', `--model=${ours}`, '--decompile')
      )
    }
    const sources = rules.split('\n').slice(0, -1).map(line =>
      String.fromCodePoint(...line.split('\t')[0]!.split(' ').map(code => parseInt(code, 16))))
    // A line feed ends a line, so it can't be in this file; the texts of `judgeWritten` have it.
    const lines = [...scalars().filter(scalar => scalar !== '\n'), ...sources.filter(source => source !== '\n')]
    const input = join(folder, 'rules-asked.txt')
    writeFileSync(input, lines.map(line => `${line}\n`).join('') +
      lines.map(line => `a${line}b${line}\u0301${line}\n`).join(''))
    const [expected, got] = [theirs, ours].map(model => spmNormalize(model, input))
    checks.check(`${name}, ${kind}: spm_normalize gives the same result with our table ` +
      `(${lines.length} texts, alone and between others)`, expected!.split('\n').length === 2 * lines.length + 1 &&
        expected === got)
  }
}

/** A model with pieces of all kinds, as trained by SentencePiece and as written by us, in all readers. */
async function judgeWritten (checks: Checks, files: readonly string[], folder: string): Promise<void> {
  const documents = files.flatMap(texts)
  const corpus = join(folder, 'written.txt')
  writeFileSync(corpus, documents.flatMap(text => text.split('\n')).map(line => line.trim())
    .filter(line => line !== '' && line.length < 1000).slice(0, TRAINED_LINES).join('\n'))
  const asked = [
    ...documents.filter((_, i) => i % Math.ceil(documents.length / ENCODED_DOCUMENTS) === 0),
    'a\nb\r\nc',
    '\0a\0',
    ...scalarTexts()
  ]
  const options = [
    '--vocab_size=2000', '--byte_fallback', '--user_defined_symbols=<doc>,the', '--control_symbols=<mask>',
    '--seed_sentencepiece_size=80000', '--num_sub_iterations=1'
  ]
  const theirs = spmTrain(join(folder, 'written'), corpus, ...options)
  const ours = rewritten(theirs, join(folder, 'our-written.model'))
  const ids = pythonIds(theirs, asked)
  checks.check(
    `a model that sluice wrote, Python: ids equal SentencePiece's own (${asked.length} texts)`,
    ids.length === asked.length && pythonIds(ours, asked).join('\n') === ids.join('\n')
  )
  const plain = join(folder, 'written-asked.txt')
  writeFileSync(plain, asked.join('\n'))
  const [lines, ourLines] = [theirs, ours].map(model =>
    run('spm_encode', `--model=${model}`, '--output_format=id', `--input=${plain}`))
  checks.check('a model that sluice wrote, spm_encode: ids equal SentencePiece\'s own', lines !== '' &&
    lines === ourLines)
  const wasm = await loadWasmEncoder(ours, sha256(readFileSync(ours)))
  const { encode } = await loadTokenizer(ours, { version: '0.1.97' })
  for (const [reader, idsOf] of [['sentencepiece-js', wasm], ['our own encoder', encode]] as const) {
    const wrong = asked.filter((text, i) => `[${idsOf(text).join()}]` !== ids[i])
    for (const text of wrong.slice(0, 3)) console.log(`  ${reader}: ${JSON.stringify(text.slice(0, 200))}`)
    checks.check(
      `a model that sluice wrote, ${reader}: ids equal SentencePiece's own; ${wrong.length} wrong`, wrong.length === 0
    )
  }
}

/** Rewrites a model, with our table of a rule. @returns its path */
function rewritten (path: string, as: string): string {
  const { pieces, trainer, normalizer } = readModel(readFileSync(path), path)
  writeFileSync(as, modelBytes({
    pieces,
    trainer: {
      model_type: trainer.modelType,
      vocab_size: trainer.vocabSize,
      character_coverage: trainer.characterCoverage,
      byte_fallback: trainer.byteFallback
    },
    normalizer: { ...normalizer, precompiledCharsmap: charsmapOf(RULE_NAMES.find(name => name === normalizer.name)!) }
  }))
  return as
}

/** The scalar values in groups, separated by spaces: SentencePiece is slow for many unknown ones in a row. */
function scalarTexts (): string[] {
  const all = scalars()
  return Array.from({ length: Math.ceil(all.length / 4096) }, (_, block) =>
    all.slice(4096 * block, 4096 * (block + 1)).join(' a'))
}
