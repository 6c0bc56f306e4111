import type { Coverage, CoverageDifference } from '../lib/tokenizer/coverage.ts'
import type { CoverageReport } from './check-coverage.ts'
import { number, table } from './text.ts'

/** What the figures are called, in tables and in messages. */
const FIGURES: Readonly<Record<CoverageDifference['figure'], string>> = {
  tokens_per_word: 'tokens a word',
  single_token_share: 'one token',
  two_or_fewer_share: 'two or fewer'
}

/** The answer of `check-coverage` for people: a row for each component, and one for all; then the baseline's figures. */
export function coverageText ({ sample, tokenizer, components, baseline, warnings, ...whole }: CoverageReport): string {
  const parts = components.length < 2 ? [{ ...whole, name: components[0]?.name ?? sample.from }] : [...components, { ...whole, name: '(all)' }]
  const rows = parts.map(part => [part.name, number(part.documents), number(part.words), number(part.tokens), ...figuresOf(part)])
  return [
    `tokenizer  ${tokenizer.path}, ${number(tokenizer.vocab_size)} pieces`,
    '',
    table([['', 'documents', 'words', 'tokens', ...Object.values(FIGURES), 'unknown', 'tokens a character'], ...rows]),
    ...(baseline === null ? [] : ['', `baseline  ${baseline.path}`, ...baseline.differences.map(differenceText)]),
    ...warnings.map(warning => `warning: ${warning}`)
  ].join('\n')
}

/** `one token: 0.71, the baseline has 0.75, -0.04 (at least -0.02)` */
export function differenceText ({ figure, current, baseline, difference, tolerance, passed }: CoverageDifference): string {
  const bound = figure === 'tokens_per_word' ? `at most +${tolerance}` : `at least -${tolerance}`
  return `${FIGURES[figure]}: ${short(current)}, the baseline has ${short(baseline)}: ${difference < 0 ? '' : '+'}${short(difference)} (${bound})${passed ? '' : ', worse than allowed'}`
}

function figuresOf (part: Coverage): string[] {
  const { tokens_per_word: perWord, single_token_share: single, two_or_fewer_share: two, unknown_share: unknown, tokens_per_character: perCharacter } = part
  return [perWord.toFixed(4), percent(single), percent(two), percent(unknown), perCharacter.toFixed(4)]
}

/** Six digits: what is just past a tolerance is to be seen. */
function short (value: number): string {
  return String(Number(value.toFixed(6)))
}

function percent (share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
