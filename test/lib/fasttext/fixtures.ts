/** The classifiers of `test/fixtures/fasttext`, and the predictions of the command `fasttext` with them. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Prediction } from '../../../lib/fasttext/classifier.ts'
import { fixture } from '../../helpers.ts'

const { texts, answers } = JSON.parse(gunzipSync(readFileSync(fixture('fasttext/answers.json.gz'))).toString()) as {
  texts: string[]
  answers: Record<string, string[]>
}

/** The texts to classify. */
export const TEXTS: readonly string[] = texts

/** File names of the models. */
export const MODELS: readonly string[] = Object.keys(answers)

export function modelPath (name: string): string {
  return fixture(`fasttext/${name}`)
}

/** The predictions of the command with a model for each text: the best two labels. */
export function answersOf (model: string): Prediction[][] {
  return answers[model]!.map(readAnswer)
}

/** A line of the command's output. */
function readAnswer (line: string): Prediction[] {
  const words = line === '' ? [] : line.split(' ')
  return words.flatMap((label, i) => i % 2 === 0 ? [{ label, probability: Number(words[i + 1]) }] : [])
}

/**
 * What is wrong with a prediction; undefined if nothing is. After the first label, labels with the same probability may
 * be exchanged.
 */
export function difference (got: readonly Prediction[], expected: readonly Prediction[]): string | undefined {
  const isSame = got.length === expected.length && got[0]?.label === expected[0]?.label &&
    got.every(({ probability }, i) => Math.abs(probability - expected[i]!.probability) < 1e-4)
  return isSame ? undefined : `got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`
}
