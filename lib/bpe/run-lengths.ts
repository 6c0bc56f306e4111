/** Unpacks numbers from base64: seven bits a byte, the lowest first; the eighth bit says that more follow. */
export function * runLengths (data: string): Generator<number> {
  let number = 0
  let shift = 0
  for (const byte of Buffer.from(data, 'base64')) {
    number |= (byte & 0x7f) << shift
    shift += 7
    if (byte >= 0x80) continue
    yield number
    number = shift = 0
  }
}
