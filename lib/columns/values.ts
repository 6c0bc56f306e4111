/** What a string column has in a text's place when it is no UTF-8. */
export class InvalidUtf8 {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}
