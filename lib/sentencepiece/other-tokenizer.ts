import { mistakenKind } from '../file-kind.ts'

/** The first bytes of a file, which show what it is. */
const HEAD_BYTES = 4096

const EXPECTED = 'expected a SentencePiece .model file'
const UNUSABLE = `which sluice can't encode with; ${EXPECTED}`

/** Members of a tokenizer.json. */
const TOKENIZER_JSON = /"(?:added_tokens|model|pre_tokenizer|normalizer)"\s*:/

/**
 * For a file that isn't a SentencePiece model, what it is and what to do: `is a tokenizer.json, …`. Null if it isn't
 * known.
 */
export function otherTokenizer (bytes: Uint8Array, path: string): string | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, HEAD_BYTES))
  const kind = mistakenKind(head, path)
  if (kind !== null) return `${kind}; ${EXPECTED}`
  const text = head.toString('utf8')
  if (/^\uFEFF?\s*[{[]/.test(text) && !/^\[[A-Z]+\]/.test(text)) {
    return TOKENIZER_JSON.test(text)
      ? `is a tokenizer.json of Hugging Face's tokenizers; ${EXPECTED}`
      : `is JSON, ${UNUSABLE}, or a tokenizer.json, often in the same folder`
  }
  if (/^(?:[A-Za-z0-9+/]+={0,2} \d+\r?\n){2}/.test(text)) {
    return `is a tiktoken file (the base64 and the rank of each token); ${EXPECTED}`
  }
  if (/^(?:[^\t\n]+\t-?[\d.e+-]+\r?\n){2}/.test(text)) {
    return `is a .vocab file, which lists the pieces of a model; ${EXPECTED}, often with the same name and .model`
  }
  if (text.startsWith('#version:')) return 'is a merges.txt of a BPE tokenizer; use its tokenizer.json'
  if (/^\[(?:PAD|UNK|CLS)\]\r?\n/.test(text)) return `is a vocab.txt of WordPiece, ${UNUSABLE}`
  if (head.length >= 4 && head.readUInt32LE(0) === 0x2f4f16ba) return `is a model of fastText; ${EXPECTED}`
  return null
}
