/** Length of a character in UTF-8, by its first byte. */
export function lengthOfChar (first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

/** A string with one character for each byte of a text: keys to sort and compare, which are cheaper than buffers. */
export function byteString (text: string): string {
  return /[\u0080-\uffff]/.test(text) ? Buffer.from(text).toString('latin1') : text
}

/** The bytes of U+2581, an escaped space. */
export const U2581 = [0xe2, 0x96, 0x81] as const

/** The code point of a character of two or three bytes. */
export function codePointAt (bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const second = bytes[at + 1]! & 63
  return first < 0xe0 ? ((first & 31) << 6) | second : ((first & 15) << 12) | (second << 6) | (bytes[at + 2]! & 63)
}
