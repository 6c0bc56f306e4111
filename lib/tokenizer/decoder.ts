import type { ByteLevelDecoder } from '../bpe/decoder.ts'
import type { PiecesDecoder } from './pieces/decoder.ts'
import type { Decoder as SentencePieceDecoder } from '../sentencepiece/decode.ts'

/** Decodes ids to text, as does the tokenizer that they come from. */
export type Decoder = SentencePieceDecoder | ByteLevelDecoder | PiecesDecoder

/** The decoding of one text, id by id. */
export type Decoding = ReturnType<Decoder['decoding']>
