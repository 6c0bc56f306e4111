/** Bytes of a character in UTF-8, by the first of them. */
export function lengthOfChar (first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}
