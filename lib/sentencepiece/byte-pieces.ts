/** The name of the piece for a byte. */
export function nameOfByte (byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
}

/** The byte of a piece, by its name; undefined if it isn't a byte piece. */
export function byteOfPiece (piece: string): number | undefined {
  const byte = parseInt(piece.slice(3, 5), 16)
  return !Number.isNaN(byte) && nameOfByte(byte) === piece ? byte : undefined
}
