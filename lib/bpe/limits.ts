/**
 * Checks how much of something a file has. One that has far more than published tokenizers is refused: loading it would
 * take minutes, or all of the memory.
 *
 * @param what is counted, for the message
 * @throws Error if there is too much
 */
export function checkCount (count: number, most: number, what: string): void {
  if (count > most) throw new Error(`it has ${count} ${what}, expected at most ${most}`)
}

/** Of a token; in published tokenizers the longest has 128 to 256. */
export const MOST_CHARACTERS = 2048
