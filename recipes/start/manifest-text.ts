import { stringify } from 'yaml'
import { documentsIn } from '../forecast/forecast.ts'
import { formatOf, isOnHub } from '../stages.ts'
import { amount, number, percent } from '../../lib/text/numbers.ts'
import type { Look } from './look.ts'
import { EDITOR_LINE } from './schema.ts'

/** The content of a manifest to write. */
export interface ManifestPlan {
  readonly name: string
  /** Relative to the folder of the manifest. */
  readonly schemaPath: string
  /** The command that runs it. */
  readonly run: string
  readonly looks: readonly Look[]
}

/** Languages with a smaller share are left out, because most of them are mistakes of the detector. */
const LEAST_SHARE = 0.02

/** Sizes of vocabularies, by the least number of characters of text. */
const VOCABULARIES = [[1e9, 32_000], [50e6, 16_000], [2e6, 8000], [0, 4000]] as const

/** The approximate number of characters per token, and the fewest rows that shards should have. */
const CHARACTERS_A_TOKEN = 3
const FEWEST_ROWS = 8
const SEQ_LEN = 2048
const SHORTEST_SEQ_LEN = 16

/** A manifest, with comments that describe the data and suggest changes. */
export function manifestText ({ name, schemaPath, run, looks }: ManifestPlan): string {
  const characters = looks.reduce((sum, { sample }) => sum + sample.length * sample.factor, 0)
  return [
    `${EDITOR_LINE}${schemaPath}`,
    '# Written by sluice init, from a sample of the data. Change it as needed, then:',
    `#   ${run}`,
    `name: ${scalar(name)}`,
    `tokenizer_output_dir: ${scalar(`artifacts/tokenizer/${name}`)} # where run writes the tokenizer`,
    ...tokenizerLines(VOCABULARIES.find(([least]) => characters >= least)![1], looks.some(({ isCode }) => isCode)),
    `stats: ${scalar(`data/mixtures/${name}.json`)}`,
    'datasets:',
    ...looks.flatMap(look => componentLines(name, look))
  ].join('\n') + '\n'
}

function tokenizerLines (vocabSize: number, keepsLines: boolean): string[] {
  return [
    'tokenizer:',
    `  vocab_size: ${vocabSize}`,
    '  hard_vocab_limit: false # accept fewer pieces if there is little text',
    ...keepsLines
      ? [
          '  # Documents have indented lines, as code does. With these settings the tokenizer keeps them unchanged.',
          '  normalization_rule_name: identity # the default, nmt_nfkc, turns line breaks and tabs into spaces',
          '  remove_extra_whitespaces: false # runs of spaces stay',
          '  byte_fallback: true # line breaks, and characters that have no piece, are encoded as bytes',
          '  user_defined_symbols: [▁▁, ▁▁▁▁, ▁▁▁▁▁▁▁▁] # 2, 4 and 8 spaces: fewer tokens for indentation'
        ]
      : []
  ]
}

function componentLines (name: string, look: Look): string[] {
  const { component, hasIds, sample, isCode } = look
  const lengths = sample.texts.map(({ length }) => length)
  return [
    `  - name: ${scalar(component.name)}`,
    `    # ${sizeOf(look)}`,
    hasIds ? '    # Documents have the ids of their records.' : NO_IDS,
    ...sourceLines(look),
    ...fieldLines(look),
    ...textColumnLines(look),
    ...licenseLines(look),
    '    filters: # remove the # before a filter to use it',
    isCode
      ? '      # no normalize, which would join the lines of code'
      : '      - normalize # each run of white space becomes one space',
    `      # Documents have ${number(Math.min(...lengths))} to ${number(Math.max(...lengths))} characters.`,
    '      # - length: { min_chars: 200, max_chars: 100000 }',
    ...isCode ? [] : languageLines(look),
    '      - dedup # drops a text that equals one of the last 50,000 kept',
    `    seq_len: ${seqLenFor(look)} # tokens in a row of the shards`,
    `    output_dir: ${scalar(`data/shards/${name}/${component.name}`)}`
  ]
}

const NO_IDS = '    # Records have no id: a document\'s id is the name of its file and its position there.'

function sourceLines ({ component: { dataset, namedFiles, subset, split, hub } }: Look): string[] {
  if (!isOnHub({ dataset })) {
    const meaning = dataset === 'text' ? 'each line is a document' : 'format of the files'
    return [`    dataset: ${dataset} # ${meaning}`, ...filesLines([namedFiles].flat())]
  }
  const found = subset ?? hub?.subset ?? null
  return [
    `    dataset: ${scalar(dataset)} # on the Hugging Face Hub`,
    ...found === null ? [] : [`    subset: ${scalar(found)}`],
    `    split: ${scalar(hub?.split ?? split)}`
  ]
}

function filesLines (names: readonly string[]): string[] {
  if (names.length === 1) return [`    data_files: ${scalar(names[0]!)}`]
  return ['    data_files:', ...names.map(name => `      - ${scalar(name)}`)]
}

function fieldLines ({ component: { sourceOptions: { field } } }: Look): string[] {
  return typeof field === 'string' ? [`    field: ${scalar(field)} # the array of records in each file`] : []
}

function textColumnLines ({ component, otherFields }: Look): string[] {
  if (formatOf(component) === 'text') return []
  const others = otherFields.length === 0 ? '' : ` # other fields with texts: ${otherFields.join(', ')}`
  return [`    text_column: ${scalar(component.textColumn)}${others}`]
}

/** The licence that the card of a dataset on the Hub states. */
function licenseLines ({ component: { hub } }: Look): string[] {
  const licenses = hub?.license ?? []
  if (licenses.length === 0) return ['    # license: CC-BY-4.0 # the licence of the data']
  return [`    license: ${scalar(licenses.join(', '))}`]
}

function languageLines (look: Look): string[] {
  const shown = look.languages.filter(([, part]) => part >= LEAST_SHARE)
  const languages = shown.map(([tag, part]) => `${tag === 'und' ? 'unknown' : tag} ${percent(part, 0)}`)
  return [
    `      # Languages: ${languages.join(', ')}.`,
    `      # - language: { keep: ${scalar(languagesToKeep(look))}, threshold: 0.8 }`
  ]
}

function sizeOf ({ component: { files }, sample }: Look): string {
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0)
  const { guess, low, high } = documentsIn(sample)
  const count = `${amount(guess)} ${guess === 1 ? 'document' : 'documents'}`
  const documents = low === high ? count : `about ${count}`
  const size = `${amount(bytes)}${bytes < 10_000 ? ' ' : ''}B`
  return `${number(files.length)} ${files.length === 1 ? 'file' : 'files'}, ${size}, ${documents}.`
}

/** The languages for the filter: one, or a list. */
function languagesToKeep ({ languages }: Look): string | string[] {
  const likely = languages.filter(([language, part]) => language !== 'und' && part >= LEAST_SHARE)
  const known = likely.map(([language]) => language)
  return known.length === 0 ? 'en' : known.length === 1 ? known[0]! : known
}

/** The length of sequences, which is shorter for little text so that the shards have several rows. */
function seqLenFor ({ sample: { length, factor } }: Look): number {
  const tokens = length * factor / CHARACTERS_A_TOKEN
  let seqLen = SEQ_LEN
  while (seqLen > SHORTEST_SEQ_LEN && seqLen * FEWEST_ROWS > tokens) seqLen /= 2
  return seqLen
}

/** A value in YAML, on one line. */
function scalar (value: string | readonly string[]): string {
  return stringify(value, { lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: false }).trimEnd()
}
