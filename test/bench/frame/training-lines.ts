import { Missing, TEXTS, type Texts } from '../corpora/sources.ts'

/** Longer lines are left out, as by `spm_train`. */
const MAX_CHARS = 1000
/** Of lines in Chinese and Japanese, so that models know their words. */
const REPEATED = 4
const UNSPACED = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u

/** Lines to train models on: a quarter of the web's text and, where they are on this machine, books and languages. */
export async function trainingLines (): Promise<string> {
  const sentences = await ifHere(TEXTS.lines)
  const unspaced = sentences.filter(text => UNSPACED.test(text))
  const repeated = Array.from({ length: REPEATED - 1 }, () => unspaced).flat()
  const texts = [...(await TEXTS.prose()).texts, ...await ifHere(TEXTS.books), ...sentences, ...repeated]
  const lines = texts.flatMap(text => text.split('\n')).map(line => line.trim())
  return lines.filter(line => line !== '' && line.length < MAX_CHARS).join('\n') + '\n'
}

async function ifHere (read: () => Promise<Texts>): Promise<string[]> {
  try {
    return [...(await read()).texts]
  } catch (error) {
    if (error instanceof Missing) return []
    throw error
  }
}
