/** The name of the piece that stands for a byte. */
export function nameOfByte (byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
}

/** The byte that a piece stands for by its name. */
export function byteOfPiece (piece: string): number | undefined {
  const byte = parseInt(piece.slice(3, 5), 16)
  return !Number.isNaN(byte) && nameOfByte(byte) === piece ? byte : undefined
}
