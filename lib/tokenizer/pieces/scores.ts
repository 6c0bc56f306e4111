/** A piece and its score in JSON. */
const ENTRY = /\s*\[\s*"(?:[^"\\]|\\.)*"\s*,\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*\]\s*,?/y
const BEGINNING = /"vocab"\s*:\s*\[/g

/**
 * The scores of a Unigram model as tokenizers 0.23 reads them. Its parser (serde_json) rounds twice, so that one number
 * in seven is not the nearest one; this decides between segmentations whose sums are equal up to rounding.
 *
 * @param json that has the model
 * @param values the same scores, as `JSON.parse` reads them
 * @throws Error for scores that can't be read in this way
 */
export function scoresIn (json: Uint8Array, values: readonly number[]): Float64Array {
  const text = Buffer.from(json.buffer, json.byteOffset, json.length).toString()
  for (const { index, 0: found } of text.matchAll(BEGINNING)) {
    const scores = scoresAt(text, index + found.length, values)
    if (scores !== undefined) return scores
  }
  throw new Error('the scores of its vocab could not be read')
}

/** The scores that begin at a place; undefined if these aren't the ones with the values. */
function scoresAt (text: string, at: number, values: readonly number[]): Float64Array | undefined {
  const scores = new Float64Array(values.length)
  ENTRY.lastIndex = at
  for (const [i, value] of values.entries()) {
    const number = ENTRY.exec(text)?.[1]
    if (number === undefined || Number(number) !== value) return undefined
    scores[i] = asRead(number)
  }
  return scores
}

/** Digits that fit into 64 bits in any case. */
const MOST_DIGITS = 19
/** The powers of ten that are divided by at once. */
const MOST_POWER = 308

/**
 * A number as serde_json 1.0 reads it: the digits as an integer, which is rounded; then that multiplied or divided by a
 * power of ten, which is rounded again.
 *
 * @throws Error for a number that is too large, or that has more digits than numbers are written with
 */
export function asRead (number: string): number {
  const [, sign, whole = '', fraction, exponent] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(number) ?? []
  const digits = `${whole}${fraction ?? ''}`.replace(/^0+(?=\d)/, '')
  if (digits.length > MOST_DIGITS) throw new Error(`the score ${number} has more than ${MOST_DIGITS} digits`)
  const power = Number(exponent ?? 0) - (fraction?.length ?? 0)
  const value = scaled(Number(digits), power)
  if (!Number.isFinite(value)) throw new Error(`the score ${number} is too large`)
  return sign === '-' ? -value : value
}

function scaled (value: number, power: number): number {
  if (value === 0) return 0
  if (power >= 0) return value * Number(`1e${power}`)
  for (; power < -MOST_POWER; power += MOST_POWER) value /= 1e308
  return value / Number(`1e${-power}`)
}
