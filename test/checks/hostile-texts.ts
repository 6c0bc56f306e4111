import { characterClasses } from '../../lib/bpe/character-classes.ts'
import { drawing } from '../bench/corpora/draw.ts'

const UNBROKEN = 300_000
const POINTS = 0x11_0000
/** Code points in one text of `everyPoint`. */
const POINTS_A_TEXT = 64
const RANDOM_TEXTS = 6000
const RANDOM_POINTS = 1500
/** Around the lengths at which words are kept, and merged, in another way. */
const LENGTHS = [1, 2, 3, 7, 14, 15, 16, 17, 31, 33, 46, 47, 48, 49, 63, 64, 65, 66, 100, 201, 1000]
const REPEATED = [
  'a', ' ', '\n', ' \n', '1', 'é', '中', '\'', '=', 'aB', 'Ab', '\t', '👩‍👩‍👧', 'x1', '\u0301', '\u2581'
]
/** What words begin and end at, what case and marks change, and what engines class in different ways. */
const PARTS = [
  ' ', ' ', '\n', '\r', '\t', '\'', 's', 'S', 'ſ', 'T', 're', 'LL', 'D', 've', 'M', '1', '²', '٣', '½', 'é', 'e\u0301',
  'É', 'ʰ', 'ǅ', '\u0301', 'İ', 'ß', 'ﬁ', '中', 'あ', 'か\u3099', 'ー', '・', '한', 'ᄀ\u1161', 'Ж', 'ي', '!', '/', '-',
  '.', '_', '\u00a0', '\u2028', '\u0085', '\u3000', '\ufeff', '\u200b', '\u200d', '👩‍👩‍👧', '🇩🇪', '\0', '\u001f',
  '\u007f', 'a', 'B', 'the', '\ud800', '\udc00', '\u2581', '<0x0A>', '<|endoftext|>', '</s>', '<unk>'
]
const CONTRACTIONS = ['IT\'S WE\'LL they\'Re I\'M \'Tis don\'t CAN\'T \'sſ \'ſ', '']

/** Strings that encoders are likely to get wrong, the same ones each time. Some have lone surrogates. */
export function hostileTexts (): string[] {
  const draw = drawing()
  const any = (parts: readonly string[]): string => parts[draw(parts.length)]!
  const joined = (parts: readonly string[], length: number): string =>
    Array.from({ length }, () => any(parts)).join('')
  return [
    ...CONTRACTIONS,
    ...boundaries(draw).map(inContext),
    ...Array.from({ length: RANDOM_TEXTS }, () => joined(PARTS, 1 + draw(14))),
    ...LENGTHS.flatMap(length => REPEATED.flatMap(part => [part.repeat(length), `q${part.repeat(length)}z`])),
    joined([...'abcxyzéü中文'], 3000),
    joined([...'abcdefghij'], UNBROKEN),
    'a'.repeat(UNBROKEN)
  ]
}

/** Every code point, each between letters, digits, spaces and line ends. */
export function everyPoint (): string[] {
  const points = Array.from({ length: POINTS }, (_, point) => point).filter(isScalar)
  return Array.from({ length: Math.ceil(points.length / POINTS_A_TEXT) }, (_, i) =>
    points.slice(i * POINTS_A_TEXT, (i + 1) * POINTS_A_TEXT).map(inContext).join(''))
}

function inContext (point: number): string {
  const character = String.fromCodePoint(point)
  return `x${character}1 ${character}Y\n${character}${character}'S ${character}`
}

/** Code points whose class isn't that of the one before or after them, and some others. */
function boundaries (draw: (below: number) => number): number[] {
  const classes = characterClasses()
  const found = new Set(Array.from({ length: 0x600 }, (_, i) => i + 1))
  for (let point = 1; point < POINTS; point++) {
    if (classes[point] !== classes[point - 1]) found.add(point - 1).add(point)
  }
  for (let i = 0; i < RANDOM_POINTS; i++) found.add(draw(POINTS))
  return [...found].filter(isScalar)
}

function isScalar (point: number): boolean {
  return point < 0xd800 || point > 0xdfff
}
