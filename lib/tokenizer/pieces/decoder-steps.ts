/** A step of decoding, as in the `decoder` of a `tokenizer.json`. */
export type DecoderStep =
  /** In each token: each occurrence of a text becomes another one. */
  | { readonly type: 'replace', readonly from: string, readonly to: string }
  /** In each token: a character for spaces; without those of the first token where text begins with one. */
  | { readonly type: 'metaspace', readonly mark: string, readonly dropsFirst: boolean }
  /** In each token: up to so many of a character are removed from its beginning and its end. */
  | { readonly type: 'strip', readonly character: string, readonly start: number, readonly stop: number }
  /** Tokens of bytes, such as `<0xE6>`, become the text of these bytes. */
  | { readonly type: 'bytes' }
  /** All tokens become one. */
  | { readonly type: 'fuse' }

/** A step that changes each token by itself. */
export type TokenStep = Exclude<DecoderStep, { readonly type: 'bytes' | 'fuse' }>

/** The text of tokens: what tokenizers 0.23 decodes them to. */
export function decodedTokens (tokens: readonly string[], steps: readonly DecoderStep[]): string {
  for (const step of steps) tokens = apply(tokens, step)
  return tokens.join('')
}

function apply (tokens: readonly string[], step: DecoderStep): readonly string[] {
  switch (step.type) {
    case 'fuse': return [tokens.join('')]
    case 'bytes': return withText(tokens)
    default: return tokens.map((token, i) => changedToken(token, step, i === 0))
  }
}

/** A token after a step. @param isFirst whether no other token is before it */
export function changedToken (token: string, step: TokenStep, isFirst: boolean): string {
  switch (step.type) {
    case 'replace': return token.replaceAll(step.from, () => step.to)
    case 'metaspace': return token.replaceAll(step.mark, isFirst && step.dropsFirst ? '' : ' ')
    case 'strip': return stripped(token, step.character, step.start, step.stop)
  }
}

function stripped (token: string, character: string, start: number, stop: number): string {
  const { length } = character
  let from = 0
  while (from < start * length && token.startsWith(character, from)) from += length
  let to = token.length
  const least = Math.max(from, token.length - stop * length)
  while (to > least && token.endsWith(character, to)) to -= length
  return token.slice(from, to)
}

/** The byte that a token stands for; undefined if it stands for none. */
export function byteOf (token: string): number | undefined {
  return /^<0x(?:[0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.test(token) ? parseInt(token.slice(3, 5), 16) : undefined
}

function withText (tokens: readonly string[]): string[] {
  const texts: string[] = []
  let bytes: number[] = []
  const end = (): void => {
    if (bytes.length > 0) texts.push(...textsOfBytes(bytes))
    bytes = []
  }
  for (const token of tokens) {
    const byte = byteOf(token)
    if (byte !== undefined) {
      bytes.push(byte)
      continue
    }
    end()
    texts.push(token)
  }
  end()
  return texts
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** The text of a run of bytes; U+FFFD for each byte if the run isn't UTF-8. */
export function textsOfBytes (bytes: readonly number[]): string[] {
  try {
    return [UTF8.decode(Uint8Array.from(bytes))]
  } catch {
    return bytes.map(() => '\ufffd')
  }
}
