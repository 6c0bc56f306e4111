import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { number, percent } from '../../../lib/text/numbers.ts'
import { type ShardChoice, dtypeOf, formatSetting } from '../../components/shard-output.ts'
import { type MixSettings, type MixShuffle, shuffleOf } from '../../manifest/mix-schema.ts'
import type { Manifest } from '../../manifest/schema.ts'
import type { DrawnSource } from './draw.ts'
import type { PackerOptions } from '../../../lib/packing/packer.ts'
import type { MadeMix, MadeSide } from './make.ts'

/** What a source gave to a mixture. */
export interface MixedSource {
  readonly name: string
  /** The share that was requested; null where shares follow the sizes. */
  readonly share: number | null
  /** The share of the tokens of the training side. */
  readonly share_reached: number
  readonly tokens: number
  /** How often its documents were drawn. */
  readonly epochs: number
  readonly max_epochs: number | null
  /** Documents and tokens of its shards on the training side, of which these were drawn, and on the other one. */
  readonly training_documents: number
  readonly training_tokens: number
  readonly validation_documents: number
  readonly validation_tokens: number
}

/** The stats file of a mixture, which `verify` reads. */
export interface MixStats {
  readonly manifest: string
  readonly manifest_sha256: string
  /** The sides, `train` and `validation`. */
  readonly stats: readonly ShardedStats[]
  readonly mixture: {
    readonly seed: number
    readonly shuffle: MixShuffle
    /** Tokens that were requested; null where epochs were. */
    readonly tokens: number | null
    readonly epochs: number | null
    readonly validation_share: number | null
    readonly sources: readonly MixedSource[]
  }
  readonly seconds: number
}

interface Mixed {
  readonly manifest: Pick<Manifest, 'path' | 'sha256'>
  readonly settings: MixSettings
  readonly drawn: readonly DrawnSource[]
  readonly made: MadeMix
  readonly packing: PackerOptions
  readonly choice: ShardChoice
  readonly seconds: number
}

/** The stats of a mixture that was made. */
export function mixStats ({ manifest, settings, drawn, made, packing, choice, seconds }: Mixed): MixStats {
  const { seed, tokens, epochs } = settings
  const shuffle = shuffleOf(settings)
  const total = drawn.reduce((sum, { drawnTokens }) => sum + drawnTokens, 0)
  const { vocab_size: vocabSize, eos_id: eosId, tokenizer_sha256: sha256, tokenizer_path: tokenizerPath } =
    drawn[0]!.stats
  const { seqLen, packingWindow, padId } = packing
  const packed = packing.packing === 'concat'
    ? {}
    : { packing: packing.packing, packing_window: packingWindow, pad_id: padId }
  const side = (
    name: string, { output, tail, padding }: MadeSide, shuffled: boolean
  ): ShardedStats => {
    const { folder, shards, list } = output
    return {
      name,
      ...formatSetting(choice.format),
      sequences: output.sequences,
      tokens: output.idsIn(seqLen) + tail - padding,
      tail_tokens: tail,
      shards: shards.length,
      output_dir: folder,
      seq_len: seqLen,
      dtype: dtypeOf(choice, vocabSize),
      vocab_size: vocabSize,
      eos_id: eosId,
      ...packed,
      ...(shuffled && { order: 'shuffled' }),
      ...(padding > 0 && { padding_tokens: padding }),
      tokenizer_sha256: sha256,
      ...(tokenizerPath !== undefined && { tokenizer_path: tokenizerPath }),
      shard_files: shards,
      ...(list !== null && { index: list })
    }
  }
  return {
    manifest: manifest.path,
    manifest_sha256: manifest.sha256,
    stats: [
      side('train', made.training, shuffle === 'sequences'),
      ...(made.validation === null ? [] : [side('validation', made.validation, false)])
    ],
    mixture: {
      seed,
      shuffle,
      tokens: tokens ?? null,
      epochs: epochs ?? null,
      validation_share: settings.validation?.share ?? null,
      sources: drawn.map(source => ({
        name: source.name,
        share: source.share,
        share_reached: total === 0 ? 0 : source.drawnTokens / total,
        tokens: source.drawnTokens,
        epochs: source.training.tokens === 0 ? 0 : source.drawnTokens / source.training.tokens,
        max_epochs: source.maxEpochs,
        training_documents: source.training.documents,
        training_tokens: source.training.tokens,
        validation_documents: source.validation.documents,
        validation_tokens: source.validation.tokens
      }))
    },
    seconds
  }
}

/** More epochs of the same documents than this are worth little (Muennighoff et al., arXiv 2305.16264). */
const MANY_EPOCHS = 4

/** What a user should know about a mixture before it is trained on. */
export function mixNotes (stats: MixStats): string[] {
  return stats.mixture.sources.flatMap(source => [...drawnNote(source, stats), ...heldNote(source, stats)])
}

function drawnNote (source: MixedSource, { stats: [train], mixture: { shuffle } }: MixStats): string[] {
  const { name, share, share_reached: reached, tokens, epochs, max_epochs: max } = source
  const { seq_len: seqLen, packing = 'concat' } = train!
  if (tokens < seqLen && shuffle === 'sequences' && packing === 'concat') {
    return [`${name}: its ${tokens} tokens fill no sequence of ${seqLen} ids, so none of them is in the training ` +
      'set; ask for more tokens, or use shuffle: documents']
  }
  const isLess = share !== null && max !== null && epochs > max - 0.01 && reached < share - 0.001
  if (isLess) return [`${name}: ${max} epochs give a share of ${percent(reached)}, not ${percent(share)}`]
  return epochs > MANY_EPOCHS ? [`${name}: each document is drawn ${epochs.toFixed(1)} times; see max_epochs`] : []
}

function heldNote (
  { name, training_documents: documents, validation_documents: held }: MixedSource,
  { mixture: { validation_share: share } }: MixStats
): string[] {
  if (share === null || held > 0) return []
  return [`${name}: none of its ${number(documents)} documents is on the validation side; for some of them, set a ` +
    `larger validation.share than ${share}`]
}
