/**
 * Byte-level tokenizers write a token as one character for each byte, none of which is white space or a control
 * character: a byte that is printable in Latin-1 as itself, the others as the characters from U+0100 on (GPT-2's
 * `bytes_to_unicode`).
 */
const CHARACTERS: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++))
})()

const BYTES: ReadonlyMap<string, number> = new Map(CHARACTERS.map((character, byte) => [character, byte]))

function isPrintable (byte: number): boolean {
  return (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
}

/** A text's bytes as such characters. */
export function byteCharacters (bytes: Uint8Array): string {
  let characters = ''
  for (const byte of bytes) characters += CHARACTERS[byte]!
  return characters
}

/**
 * The bytes that such characters stand for, in the form of `byteString`; undefined if one stands for none, as in added
 * tokens.
 */
export function bytesOfCharacters (text: string): string | undefined {
  let bytes = ''
  for (const character of text) {
    const byte = BYTES.get(character)
    if (byte === undefined) return undefined
    bytes += String.fromCharCode(byte)
  }
  return bytes
}
