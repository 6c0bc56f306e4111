import { CLASSES, characterClasses } from './character-classes.ts'
import { runLengths } from './run-lengths.ts'
import { COMBINING_DATA, PUNCTUATION_DATA, WORD_DATA } from './set-data.ts'

const CODE_POINTS = 0x11_0000

let words: Uint8Array | undefined
let punctuation: Uint8Array | undefined
let combining: Uint8Array | undefined

/** Whether `\w` matches a code point in the regular expressions of Rust. */
export function isWordCharacter (point: number): boolean {
  words ??= unpacked(WORD_DATA)
  return words[point] === 1
}

/** Whether the pre-tokenizer `Punctuation` of Hugging Face's tokenizers takes a code point for punctuation. */
export function isPunctuation (point: number): boolean {
  punctuation ??= unpacked(PUNCTUATION_DATA)
  return punctuation[point] === 1
}

/** Whether the normalizer `StripAccents` of Hugging Face's tokenizers removes a code point. */
export function isCombiningMark (point: number): boolean {
  combining ??= unpacked(COMBINING_DATA)
  return combining[point] === 1
}

/** Numbers of Unicode 17, which the classes don't have. */
const LATER_NUMBERS = [[0x11de0, 0x11de9], [0x16ff4, 0x16ff6]] as const

/** Whether the pre-tokenizer `Digits` of Hugging Face's tokenizers takes a code point for a digit. */
export function isNumeric (point: number): boolean {
  return (characterClasses()[point]! & CLASSES.number) !== 0 ||
    LATER_NUMBERS.some(([first, last]) => point >= first && point <= last)
}

/** 1 for each code point of a set, which is frozen: the properties of Node's expressions differ between versions. */
function unpacked (data: string): Uint8Array {
  const set = new Uint8Array(CODE_POINTS)
  let point = 0
  let value = 0
  for (const length of runLengths(data)) {
    set.fill(value, point, point += length)
    value = 1 - value
  }
  return set
}
