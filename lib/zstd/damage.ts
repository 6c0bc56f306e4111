/** A block or header is invalid. Callers that know the file's name turn this into a SluiceError. */
export class ZstdDamage extends Error {
  override readonly name = 'ZstdDamage'
}
