import { CLASSES, classRanges } from './character-classes.ts'

/**
 * A regular expression that tokenizers cut text into words by. `family` is what the kernel has a scanner for; it does
 * the same as `source`, the plain path.
 */
export interface Expression {
  readonly name: string
  /** As it is in `tokenizer.json`, or in tiktoken. */
  readonly texts: readonly string[]
  /** For JavaScript, where `L`, `N`, `S`, `U`, `W`, `M` and `P` between `{}` are classes of `character-classes.ts`. */
  readonly source: string
}

const CONTRACTION = '\'(?:[sdmtSDMT\\u017f]|[lL][lL]|[vV][eE]|[rR][eE])'
const CASED_ENDING = `(?:${CONTRACTION})?`
const WHITE_SPACE = '[{S}]*[\\r\\n]+|[{S}]+(?![^{S}])|[{S}]+'
const GPT2 = '\'(?:[sdmt]|ll|ve|re)| ?[{L}]+| ?[{N}]+| ?[^{S}{L}{N}]+'
const CL100K = (numbers: string): string =>
  `${CONTRACTION}|[^\\r\\n{L}{N}]?[{L}]+|${numbers}| ?[^{S}{L}{N}]+[\\r\\n]*`
const O200K = (ending: string, numbers: string): string =>
  `[^\\r\\n{L}{N}]?[{U}]*[{W}]+${ending}|[^\\r\\n{L}{N}]?[{U}]+[{W}]*${ending}|${numbers}| ?[^{S}{L}{N}]+[\\r\\n/]*`

const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'
const ENDING = '(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)'
const REST = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'

/** What tiktoken writes at the end since 0.8: white space at the end of the text is one word. */
const WHOLE_TAIL = `[{S}]+$|${WHITE_SPACE}`

function cl100kText (numbers: string): string {
  return `${ENDING}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${numbers}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${REST}`
}

function o200kText (ending: string, numbers: string): string {
  const [before, symbols] = ['[^\\r\\n\\p{L}\\p{N}]?', ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*']
  return `${before}${UPPER}*${LOWER}+${ending}|${before}${UPPER}+${LOWER}*${ending}|${numbers}|${symbols}|${REST}`
}

const DEEPSEEK =
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|' +
  ` ?[\\p{P}\\p{S}]+[\\r\\n]*|${REST}`

/** All that are known. One that is not is refused: it is never approximated. */
export const EXPRESSIONS = [
  {
    name: 'gpt2',
    texts: [
      '\'s|\'t|\'re|\'ve|\'m|\'ll|\'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+',
      '\'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+'
    ],
    source: `${GPT2}|[{S}]+(?![^{S}])|[{S}]+`
  },
  {
    name: 'r50k',
    texts: ['\'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s'],
    source: `${GPT2}|[{S}]+$|[{S}]+(?![^{S}])|[{S}]`
  },
  {
    name: 'llama3',
    texts: [
      cl100kText('\\p{N}{1,3}'),
      '\'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|' +
        '\\s*[\\r\\n]|\\s+(?!\\S)|\\s+'
    ],
    source: `${CL100K('[{N}]{1,3}')}|${WHITE_SPACE}`
  },
  {
    name: 'cl100k',
    texts: [
      '\'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|' +
        '\\s*[\\r\\n]|\\s+(?!\\S)|\\s'
    ],
    source: `${CL100K('[{N}]{1,3}')}|${WHOLE_TAIL}`
  },
  { name: 'qwen2', texts: [cl100kText('\\p{N}')], source: `${CL100K('[{N}]')}|${WHITE_SPACE}` },
  {
    name: 'qwen35',
    texts: [
      `${ENDING}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${REST}`
    ],
    source: `${CONTRACTION}|[^\\r\\n{L}{N}]?[{L}{M}]+|[{N}]| ?[^{S}{L}{M}{N}]+[\\r\\n]*|${WHITE_SPACE}`
  },
  {
    name: 'o200k',
    texts: [o200kText(`${ENDING}?`, '\\p{N}{1,3}')],
    source: `${O200K(CASED_ENDING, '[{N}]{1,3}')}|${WHITE_SPACE}`
  },
  { name: 'tekken', texts: [o200kText('', '\\p{N}')], source: `${O200K('', '[{N}]')}|${WHITE_SPACE}` },
  { name: 'deepseek-numbers', texts: ['\\p{N}{1,3}'], source: '[{N}]{1,3}' },
  { name: 'deepseek-cjk', texts: ['[一-龥\u3040-ゟ゠-ヿ]+'], source: '[\\u4e00-\\u9fa5\\u3040-\\u30ff]+' },
  {
    name: 'deepseek',
    texts: [DEEPSEEK, DEEPSEEK.replaceAll('\\r\\n', '\r\n')], // its file has the characters themselves
    source: '[!-/:-@\\[-`\\{-~][A-Za-z]+|[^\\r\\n{L}{P}]?[{L}{M}]+| ?[{P}]+[\\r\\n]*|' + WHITE_SPACE
  },
  { name: 'three-digits', texts: ['[0-9][0-9][0-9]'], source: '[0-9][0-9][0-9]' }
] as const satisfies readonly Expression[]

export type ExpressionName = typeof EXPRESSIONS[number]['name']

/** The name of an expression by its exact text; undefined for one that is not known. */
export function expressionOf (text: string): ExpressionName | undefined {
  return EXPRESSIONS.find(({ texts }) => (texts as readonly string[]).includes(text))?.name
}

const BITS: Readonly<Record<string, number>> = {
  L: CLASSES.letter,
  N: CLASSES.number,
  S: CLASSES.space,
  U: CLASSES.upper,
  W: CLASSES.lower,
  M: CLASSES.mark,
  P: CLASSES.symbol
}

const compiled = new Map<ExpressionName, RegExp>()

/** A known expression for JavaScript, with the flags `g` and `u`. */
export function compiledExpression (name: ExpressionName): RegExp {
  let expression = compiled.get(name)
  if (expression === undefined) {
    const { source } = EXPRESSIONS.find(each => each.name === name)!
    expression = new RegExp(source.replace(/\{([LNSUWMP])\}/g, (_, bits: string) => classRanges(BITS[bits]!)), 'gu')
    compiled.set(name, expression)
  }
  return expression
}
