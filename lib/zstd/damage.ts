/** What is wrong with a block or a header. Whoever knows the file's name makes a SluiceError of it. */
export class ZstdDamage extends Error {
  override readonly name = 'ZstdDamage'
}
