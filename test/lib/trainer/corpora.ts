import { Normalizer } from '../../../lib/sentencepiece/normalizer.ts'
import { type Alphabet, type Corpus, alphabetOf, corpusOf } from '../../../lib/trainer/alphabet.ts'
import { type Lattice, buildLattice, pieceText } from '../../../lib/trainer/lattice.ts'
import { Pieces } from '../../../lib/trainer/maximization.ts'
import { type TrainSettings, trainOptions } from '../../../lib/trainer/options.ts'
import { pieceLengths } from '../../../lib/trainer/piece-lengths.ts'
import { WordReader } from '../../../lib/trainer/read-words.ts'
import { type Seeds, seedPieces } from '../../../lib/trainer/seeds.ts'
import { type SortedPlaces, sortPlaces } from '../../../lib/trainer/suffix-sort.ts'
import { type TrainedTokenizer, trainUnigram } from '../../../lib/trainer/train-unigram.ts'
import type { WordCounts } from '../../../lib/trainer/word-counts.ts'

/** Draws numbers, the same on each run. */
export class Draw {
  #state: number

  constructor (seed: number) {
    this.#state = seed
  }

  /** A whole number from 0 to less than this. */
  below (bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor(this.#state * bound / 2 ** 32)
  }

  of<T> (items: ArrayLike<T>): T {
    return items[this.below(items.length)]!
  }

  text (characters: readonly string[], length: number): string {
    return Array.from({ length }, () => this.of(characters)).join('')
  }
}

export function settings (changes: Partial<TrainSettings> = {}): TrainSettings {
  return { ...trainOptions.parse({}), characterCoverage: 1, ...changes }
}

/** A reader that keeps text unchanged, with a space before each line. */
export function reader (metas: readonly string[] = [], splits = true, maxRunChars = 0): WordReader {
  return new WordReader(new Normalizer({
    name: 'identity',
    precompiledCharsmap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true
  }), metas, splits, maxRunChars)
}

/** All intermediate data of a training, up to its seeds. */
export interface Built {
  readonly alphabet: Alphabet
  readonly corpus: Corpus
  readonly lengths: Uint16Array
  readonly sorted: SortedPlaces
  readonly seeds: Seeds
  readonly lattice: Lattice
  readonly pieces: Pieces
}

export function build (words: WordCounts, changes: Partial<TrainSettings> = {}): Built {
  const all = settings(changes)
  const alphabet = alphabetOf(words, all.characterCoverage)
  const corpus = corpusOf(words, alphabet)
  const lengths = pieceLengths(corpus.symbols, alphabet, all)
  const sorted = sortPlaces(corpus.symbols, lengths, alphabet.codePoints.length)
  const seeds = seedPieces(corpus, alphabet, sorted, lengths, all.seedSentencepieceSize)
  const lattice = buildLattice(corpus, alphabet, sorted, seeds)
  return { alphabet, corpus, lengths, sorted, seeds, lattice, pieces: new Pieces(lattice, seeds.weights) }
}

/** The same for a text. */
export function buildOf (text: string, changes: Partial<TrainSettings> = {}): Built {
  const read = reader([], changes.splitByWhitespace ?? true)
  read.read(text)
  return build(read.words, changes)
}

/** The texts of the pieces; that of the unknown piece is empty. */
export function pieceTexts ({
  pieces: { size, lattice: { places, lengths } },
  corpus: { symbols },
  alphabet: { codePoints }
}: Built): string[] {
  return Array.from(
    { length: size + 1 },
    (_, piece) => piece === 0 ? '' : pieceText(symbols, codePoints, places[piece]!, lengths[piece]!)
  )
}

/** The words with their counts; a character that isn't a piece is U+FFFD. */
export function wordsOf ({
  corpus: { symbols, starts, counts },
  alphabet: { codePoints }
}: Built): Array<{ readonly word: readonly string[], readonly count: number }> {
  return Array.from(counts, (count, i) => ({
    word: Array.from(
      symbols.subarray(starts[i], starts[i + 1]! - 1),
      symbol => codePoints[symbol] === 0 ? '\ufffd' : String.fromCodePoint(codePoints[symbol]!)
    ),
    count
  }))
}

/**
 * All segmentations of a word into the numbers of pieces. A single character that isn't a piece has the number 0.
 */
export function segmentations (word: readonly string[], numbers: ReadonlyMap<string, number>): number[][] {
  if (word.length === 0) return [[]]
  const found: number[][] = []
  for (let length = 1; length <= word.length; length++) {
    const number = numbers.get(word.slice(0, length).join('')) ?? (length === 1 ? 0 : undefined)
    if (number !== undefined) {
      for (const rest of segmentations(word.slice(length), numbers)) found.push([number, ...rest])
    }
  }
  return found
}

/** Piece numbers by text. */
export function numbersOf (texts: readonly string[]): Map<string, number> {
  return new Map(texts.map((text, piece) => [text, piece] as const).slice(1))
}

/** Lines of generated words, frequent and rare, in three scripts; the same as in `test/fixtures/make_trained.py`. */
export function drawnLines (): string[] {
  const draw = new Draw(8)
  const stems = (onsets: string, vowels: string): string[] => Array.from(
    { length: STEMS },
    () => Array.from(
      { length: 1 + draw.below(3) },
      () => draw.of(onsets.split(' ')) + draw.of(vowels.split(' '))
    ).join('')
  )
  const latin = stems('b c d f g h k l m n p r s t v z ch sh th st br', 'a e i o u ai ou é an er')
  const cyrillic = stems('б в г д ж к л м н п р с т', 'а е и о у я ов ен')
  const endings = ' , , , ,s,s,ed,ing,er,ly,ness'.split(',').map(ending => ending.trim())
  const kana = [...'あいうえおかきくけこさしすせそたちつてとなにのはまもらりるれをんカタナー日本語人大学生国年月']
  return Array.from({ length: LINES }, () => {
    const kind = draw.below(12)
    if (kind === 0) {
      return Array.from(
        { length: 10 + draw.below(30) },
        () => kana[draw.below(draw.below(kana.length) + 1)]!
      ).join('') + '。'
    }
    const words = Array.from({ length: 4 + draw.below(12) }, () => {
      if (draw.below(30) === 0) return String(draw.below(10 ** (1 + draw.below(4))))
      const stem = draw.below(draw.below(draw.below(STEMS) + 1) + 1)
      return kind === 1 ? cyrillic[stem]! : latin[stem]! + draw.of(endings)
    })
    const line = words.join(draw.below(6) === 0 ? ', ' : ' ') + draw.of(['.', '.', '.', '?', '!'])
    return line[0]!.toUpperCase() + line.slice(1)
  })
}

const STEMS = 3000
const LINES = 3000

/** Like `trainUnigram`, but without normalization by default: rules take longer to compile than a small training. */
export async function trainPlain (
  texts: Parameters<typeof trainUnigram>[0],
  options: Parameters<typeof trainUnigram>[1] = {}
): Promise<TrainedTokenizer> {
  return await trainUnigram(texts, { normalizationRuleName: 'identity', maxRunChars: 0, ...options })
}

type Rules = Pick<TrainSettings,
  | 'maxSentencepieceLength' | 'splitByUnicodeScript' | 'splitByNumber' | 'splitDigits' | 'splitByWhitespace'>

/** Whether a text may be a piece, character by character like `TrainerInterface::IsValidSentencePiece`. */
export function isValidPiece (text: readonly string[], rules: Rules): boolean {
  if (text.length > rules.maxSentencepieceLength || text.includes('\ufffd')) return false
  let before = 'any'
  for (const [i, character] of text.entries()) {
    if (character === '\u2581') {
      if (i > 0 && (rules.splitByWhitespace || i === text.length - 1)) return false
      continue
    }
    let script = scriptOf(character)
    if (script === 'inherited') script = before
    const isNumber = /^[0-9０-９]$/.test(character)
    if (isNumber && !rules.splitByNumber) script = 'any'
    if (isNumber && rules.splitDigits && text.length > 1) return false
    if (rules.splitByUnicodeScript && script !== 'any' && before !== 'any' && script !== before) return false
    before = script
  }
  return true
}

function scriptOf (character: string): string {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u.test(character)) return 'han'
  if (/\p{Script=Inherited}/u.test(character)) return 'inherited'
  if (/\p{Script=Latin}/u.test(character)) return 'latin'
  if (/\p{Script=Cyrillic}/u.test(character)) return 'cyrillic'
  return 'common'
}
