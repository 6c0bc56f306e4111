import { enlarged } from '../corpora/enlarge.ts'
import { Missing, TEXTS } from '../corpora/sources.ts'

/** Of the web's text for a large model. */
const LARGE_BYTES = 36_000_000
/** Longer lines are left out, as by `spm_train`. */
const MAX_CHARS = 1000
/** Of lines in Chinese and Japanese, so that models know their words. */
const REPEATED = 4
const UNSPACED = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u

/**
 * Lines to train models on: a quarter of the web's text and, where they are on this machine, books and languages.
 *
 * @param isLarge all of the web's text, the same with other words, and source code: enough for 250,000 pieces
 */
export async function trainingLines (isLarge: boolean): Promise<string> {
  const sentences = await ifHere('lines')
  const unspaced = sentences.filter(text => UNSPACED.test(text))
  const repeated = Array.from({ length: REPEATED - 1 }, () => unspaced).flat()
  const first = isLarge
    ? [...enlarged(await ifHere('web'), LARGE_BYTES), ...await ifHere('code')]
    : await ifHere('prose')
  const texts = [...first, ...await ifHere('books'), ...sentences, ...repeated]
  const lines = texts.flatMap(text => text.split('\n')).map(line => line.trim())
  return lines.filter(line => line !== '' && line.length < MAX_CHARS).join('\n') + '\n'
}

async function ifHere (name: 'web' | 'prose' | 'books' | 'lines' | 'code'): Promise<string[]> {
  try {
    return [...(await TEXTS[name]()).texts]
  } catch (error) {
    if (error instanceof Missing) return []
    throw error
  }
}
