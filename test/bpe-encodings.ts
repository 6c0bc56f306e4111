/** What SentencePiece encodes texts to with small BPE models; `test/fixtures/make_bpe_encodings.py` has asked it. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type SentencePieceVersion } from '../lib/sentencepiece/lexicon.ts'
import { type SentencePieceModel, readModel } from '../lib/sentencepiece/model.ts'
import { type Ids, whole } from './encodings.ts'
import { fixture } from './helpers.ts'

interface Recorded {
  readonly texts: readonly string[]
  readonly models: ReadonlyArray<{
    readonly name: string
    /** Whether the model normalizes by the table of quickstart.model. */
    readonly has_table: boolean
    /** All but the normalizer_spec, and that without its table, in base64. */
    readonly head: string
    readonly spec: string
    /** Texts besides those that all models have. */
    readonly drawn: readonly string[]
    /** What SentencePiece 0.1.97 encodes each text to. */
    readonly ids: readonly Ids[]
    /** What 0.2.3 encodes texts to that differ, by their place. */
    readonly recent: Readonly<Record<number, Ids>>
  }>
}

export interface EncodedBpeModel {
  readonly name: string
  /** The `.model` file. */
  readonly bytes: Uint8Array
  readonly model: SentencePieceModel
  readonly cases: ReadonlyArray<Readonly<Record<SentencePieceVersion, Ids>> & { readonly text: string }>
}

/** The models of the fixture. */
export function bpeEncodings (): EncodedBpeModel[] {
  const { texts, models } = JSON.parse(
    gunzipSync(readFileSync(fixture('sentencepiece-bpe.json.gz'))).toString()
  ) as Recorded
  const quickstart = readFileSync(fixture('quickstart.model'))
  const table = readModel(quickstart, 'quickstart.model').normalizer.precompiledCharsmap
  return models.map(({ name, has_table: hasTable, head, spec, drawn, ids, recent }) => {
    const bytes = whole(Buffer.from(head, 'base64'), Buffer.from(spec, 'base64'), hasTable ? table : undefined)
    const cases = [...texts, ...drawn].map((text, place) => ({
      text, '0.1.97': ids[place]!, '0.2.2': recent[place] ?? ids[place]!
    }))
    return { name, bytes, model: readModel(bytes, name), cases }
  })
}
