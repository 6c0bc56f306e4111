import { SluiceError } from '../../../lib/errors.ts'
import type { PackerOptions } from '../../../lib/packing/packer.ts'
import { isFlat } from '../../../lib/shards/formats/formats.ts'
import type { Dtype } from '../../../lib/shards/npy.ts'
import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { type Encoder, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { boundariesOf } from '../../../transforms/encode.ts'
import { type ShardChoice, dtypeOf, misfitOf } from '../../components/shard-output.ts'
import { drawnFrom } from '../../manifest/mix-check.ts'
import { type MixSettings, shuffleOf } from '../../manifest/mix-schema.ts'
import type { Component } from '../../manifest/schema.ts'
import type { DrawnSource } from './draw.ts'

/** What the shape of a mixture depends on, besides its settings. */
interface SourceShape {
  readonly seqLen: number
  readonly dtype: Dtype
  readonly vocabSize: number
  /** The padding token of the tokenizer, unless it is the EOS token. */
  readonly padId: number | undefined
  /** Why there is no such token. */
  readonly whyNoPad: string
}

/** How a mixture is packed and written. */
export interface MixShape {
  readonly packing: PackerOptions
  /** How the shards are written. */
  readonly choice: ShardChoice
}

/**
 * The shape of a mixture of shards: as the settings say, else as the sources have it.
 *
 * @throws SluiceError `ERR_OPTION` when a pad id is missing, or the format can't have the shape
 */
export async function shapeOf (settings: MixSettings, sources: ShardedStats): Promise<MixShape> {
  const { seq_len: seqLen, dtype, vocab_size: vocabSize } = sources
  const padId = settings.packing === 'best_fit' && settings.padId === -1 ? await ownPadId(sources) : undefined
  return shapeFor(settings, {
    seqLen,
    dtype,
    vocabSize,
    padId,
    whyNoPad: 'the tokenizer of the sources has no padding token, or can\'t be loaded'
  })
}

/** A component, as far as the shape of a mixture depends on it. */
type Shaped = Pick<Component, 'name' | 'format' | 'dtype' | 'seqLen' | 'eosId' | 'eos' | 'bos'>

/** The shape of a mixture of components that a tokenizer will encode. @throws SluiceError as `shapeOf` */
export function plannedShape (settings: MixSettings, components: readonly Shaped[], tokenizer: Encoder): MixShape {
  const first = drawnFrom(settings, components)[0]!
  const { vocabSize, padId = -1 } = tokenizer
  const isPad = padId !== -1 && padId !== boundariesOf(tokenizer, first).eosId
  return shapeFor(settings, {
    seqLen: first.seqLen,
    dtype: dtypeOf(first, vocabSize),
    vocabSize,
    padId: isPad ? padId : undefined,
    whyNoPad: 'the tokenizer has no padding token that is not its EOS token'
  })
}

function shapeFor (settings: MixSettings, source: SourceShape): MixShape {
  const packing = packingFor(settings, source)
  const { format, sequencesPerShard, tokensPerShard } = settings
  // Ids have the type of the sources, unless another one is set.
  const dtype = settings.dtype ?? (format === 'npy' ? source.dtype : null)
  const choice = { format, dtype, seqLen: packing.seqLen, sequencesPerShard, tokensPerShard }
  const misfit = misfitOf(choice, source)
  if (misfit !== null) throw new SluiceError('ERR_OPTION', `mixture: ${misfit}`)
  return { packing, choice }
}

function packingFor (settings: MixSettings, { vocabSize, whyNoPad, ...source }: SourceShape): PackerOptions {
  const { packing, packingWindow, seqLen = source.seqLen } = settings
  if (packing === 'concat') return { packing, packingWindow, seqLen, padId: undefined }
  const padId = settings.padId === -1 ? source.padId : settings.padId
  if (padId === undefined) {
    throw new SluiceError('ERR_OPTION', 'mixture.pad_id: it is missing, best_fit fills sequences with this id, and ' +
      `${whyNoPad}; set it to an id that no text is encoded to`)
  }
  if (padId >= vocabSize) {
    const vocabulary = `the vocabulary of ${vocabSize} pieces`
    throw new SluiceError('ERR_OPTION', `mixture.pad_id: ${padId} is not in ${vocabulary}`)
  }
  return { packing, packingWindow, seqLen, padId }
}

/** The padding token of the tokenizer that encoded the sources, unless it is the EOS token. */
async function ownPadId (
  { tokenizer_path: path, tokenizer_sha256: sha256, eos_id: eosId }: ShardedStats
): Promise<number | undefined> {
  const tokenizer = path === undefined ? null : await loadTokenizer(path).catch(() => null)
  const { padId = -1 } = tokenizer?.sha256 === sha256 ? tokenizer : {}
  return padId === -1 || padId === eosId ? undefined : padId
}

/** @throws SluiceError `ERR_OPTION` when a side would have no sequence, or no document */
export function checkFilled (
  settings: MixSettings, { packing, seqLen }: PackerOptions, drawn: readonly DrawnSource[]
): void {
  const isCut = packing === 'concat' && !isFlat(settings.format)
  const rowsOf = (tokens: number): number => isCut ? Math.floor(tokens / seqLen) : Math.min(1, tokens)
  const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
  const trained = drawn.map(({ drawnTokens }) => drawnTokens)
  const rows = shuffleOf(settings) === 'sequences' ? total(trained.map(rowsOf)) : rowsOf(total(trained))
  const key = settings.tokens === undefined ? 'epochs' : 'tokens'
  const fill = (tokens: number): string => `${tokens} tokens fill no sequence of ${seqLen} ids`
  if (rows === 0) {
    const advice = 'ask for more, or set a smaller seq_len'
    throw new SluiceError('ERR_OPTION', `mixture.${key}: ${fill(total(trained))}; ${advice}`)
  }
  const held = total(drawn.map(({ validation }) => validation.tokens))
  if (settings.validation === null || rowsOf(held) > 0) return
  throw new SluiceError('ERR_OPTION', `mixture.validation.share: its ${fill(held)}; set a larger share`)
}

/** Bytes of memory for a token and for a document, with padding, its record and the index of the shuffle. */
const BYTES_PER_TOKEN = 16
const BYTES_PER_DOCUMENT = 256
const LEAST_MEMORY = 2 ** 20

/**
 * The memory of the shuffle: enough for all that is drawn, and at most what is set. A large block of memory, even if it
 * isn't used, makes V8 collect all garbage.
 *
 * @param most in bytes
 */
export function neededMemory (sources: readonly DrawnSource[], most: number): number {
  const bytes = sources.reduce((sum, { drawnTokens, epochs, training }) => {
    return sum + BYTES_PER_TOKEN * drawnTokens + BYTES_PER_DOCUMENT * epochs * training.documents
  }, LEAST_MEMORY)
  return Math.min(most, bytes)
}
