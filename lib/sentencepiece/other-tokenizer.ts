import { mistakenKind } from '../file-kind.ts'

/** No first lines that tell what a file is are longer. */
const LOOKED_AT_BYTES = 4096

const EXPECTED = 'expected a SentencePiece .model file'
const UNUSABLE = `which sluice doesn't encode with; ${EXPECTED}`

/** Members of a tokenizer.json. */
const TOKENIZER_JSON = /"(?:added_tokens|model|pre_tokenizer|normalizer)"\s*:/

/**
 * What a file is that was given for a SentencePiece model, and what to do: `is a tokenizer.json, …`. Null where it
 * isn't known.
 */
export function otherTokenizer (bytes: Uint8Array, path: string): string | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, LOOKED_AT_BYTES))
  const kind = mistakenKind(head, path)
  if (kind !== null) return `${kind}; ${EXPECTED}`
  const text = head.toString('utf8')
  if (/^\uFEFF?\s*[{[]/.test(text) && !/^\[[A-Z]+\]/.test(text)) {
    const name = TOKENIZER_JSON.test(text) ? 'a tokenizer.json of Hugging Face\'s tokenizers' : 'JSON'
    return `is ${name}, ${UNUSABLE}, often tokenizer.model or spiece.model beside it`
  }
  if (/^(?:[A-Za-z0-9+/]+={0,2} \d+\r?\n){2}/.test(text)) {
    return `is a file of tiktoken (base64 of each token, and its rank), ${UNUSABLE}`
  }
  if (/^(?:[^\t\n]+\t-?[\d.e+-]+\r?\n){2}/.test(text)) {
    return `is a .vocab, which lists the pieces of a model; ${EXPECTED}, which has the same name with .model`
  }
  if (text.startsWith('#version:')) return `is a merges.txt of a BPE tokenizer, ${UNUSABLE}`
  if (/^\[(?:PAD|UNK|CLS)\]\r?\n/.test(text)) return `is a vocab.txt of WordPiece, ${UNUSABLE}`
  if (head.length >= 4 && head.readUInt32LE(0) === 0x2f4f16ba) return `is a model of fastText; ${EXPECTED}`
  return null
}
