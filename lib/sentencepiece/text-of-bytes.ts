import { TextParts } from '../text/text-parts.ts'

/** Replaces a byte that isn't part of a character. */
const REPLACEMENT = '\ufffd'

/** Text that comes in parts: as strings, or as bytes of UTF-8 whose characters may be cut anywhere. */
export class TextOfBytes {
  #held: number[] = [] // the first bytes of a character
  readonly #text = new TextParts()

  /** Length of the text since the last `take`, in UTF-16 code units. */
  get chars (): number {
    return this.#text.chars
  }

  /** Adds text. Bytes before it that are no whole character become U+FFFD. */
  put (text: string): void {
    if (this.#held.length > 0) this.#putHeld(() => REPLACEMENT)
    this.#text.add(text)
  }

  putByte (byte: number): void {
    const held = this.#held
    held.push(byte)
    while (held.length > 0) {
      const character = characterOf(held)
      if (character === '') return
      if (character === undefined) { // drop the first byte; those after it may be a character
        held.shift()
        this.#text.add(REPLACEMENT)
      } else {
        held.length = 0
        this.#text.add(character)
      }
    }
  }

  /** Returns the text since the last call, without the bytes of a character that may be continued. */
  take (): string {
    return this.#text.take()
  }

  /** Returns the rest of the text. @param shown what becomes of a byte of a character that is cut */
  end (shown: (byte: number) => string = () => REPLACEMENT): string {
    this.#putHeld(shown)
    return this.take()
  }

  #putHeld (shown: (byte: number) => string): void {
    const held = this.#held
    this.#held = []
    for (const byte of held) this.#text.add(shown(byte))
  }
}

/** Whether a byte of UTF-8 continues a character. */
export function isTrailByte (byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** By the length in UTF-8: the bits of the first byte that belong to the code point, and the least code point. */
const LEADS = [[0, 0], [0x7f, 0], [0x1f, 0x80], [0x0f, 0x800], [0x07, 0x10000]] as const

/**
 * The character of bytes in UTF-8; '' if they are the beginning of a character; undefined if they can't be one. The
 * rules are those of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
function characterOf (bytes: readonly number[]): string | undefined {
  const first = bytes[0]!
  const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0
  if (length === 0) return undefined
  const [bits, least] = LEADS[length]
  let point = first & bits
  for (let i = 1; i < Math.min(length, bytes.length); i++) {
    if (!isTrailByte(bytes[i]!)) return undefined
    point = (point << 6) | (bytes[i]! & 0x3f)
  }
  if (bytes.length < length) return ''
  const isSurrogate = point >= 0xd800 && point < 0xe000
  return point < least || isSurrogate || point > 0x10ffff ? undefined : String.fromCodePoint(point)
}
