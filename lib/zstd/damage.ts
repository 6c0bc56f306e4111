/** What is wrong with a block or a header. A caller that knows the file's name turns it into a SluiceError. */
export class ZstdDamage extends Error {
  override readonly name = 'ZstdDamage'
}
