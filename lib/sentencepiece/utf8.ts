/** Bytes of a character in UTF-8, by the first of them. */
export function lengthOfChar (first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

/** The bytes of a text, as a character each: keys to sort and to compare, which cost less than buffers. */
export function byteString (text: string): string {
  return /[\u0080-\uffff]/.test(text) ? Buffer.from(text).toString('latin1') : text
}
