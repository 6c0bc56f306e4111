import { SluiceError } from '../../lib/errors.ts'
import { type Quota, type Source, quotasOf } from '../../lib/mix/shares.ts'
import type { Estimate } from '../../lib/sampling/estimate.ts'
import { DOCUMENT_RECORD_BYTES } from '../../lib/shards/documents.ts'
import { bytesPerId } from '../../lib/shards/npy.ts'
import type { Tokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { dtypeOf } from '../components/shard-output.ts'
import { drawnFrom } from '../manifest/mix-check.ts'
import { type MixSettings, shuffleOf } from '../manifest/mix-schema.ts'
import type { Component, Manifest } from '../manifest/schema.ts'
import { plannedShape } from '../mixture/mix/shape.ts'
import { type ComponentForecast, GUESSED_PIECES } from './forecast.ts'

/** A forecast of a manifest's training set, from the forecasts of its components. */
export interface MixtureForecast {
  /** Tokens of the training side. */
  readonly tokens: Estimate
  /** Tokens of the validation side; 0 if there is none. */
  readonly validation_tokens: Estimate
  /** The size of the shards of both sides. */
  readonly output_bytes: Estimate
  /** The size of the temporary files while it is shuffled. */
  readonly shuffle_bytes: Estimate
  readonly warnings: readonly string[]
}

/** A guess or a bound. */
type Side = keyof Estimate

/**
 * Forecasts the training set of a manifest; null if it has none, or one of its sources has no forecast, or all are
 * empty.
 *
 * @param tokenizer null if it does not exist yet
 */
export function mixtureForecast (
  { mixture, datasets }: Pick<Manifest, 'mixture' | 'datasets'>, components: readonly ComponentForecast[],
  tokenizer: Tokenizer | null
): MixtureForecast | null {
  if (mixture === null) return null
  const drawn = drawnFrom(mixture, datasets)
  const forecasts = drawn.flatMap(({ name }) => components.find(component => component.name === name) ?? [])
  const isKnown = forecasts.length === drawn.length && forecasts.some(({ tokens }) => tokens.guess > 0)
  if (!isKnown) return null
  const held = mixture.validation?.share ?? 0
  const quotas = (side: Side): readonly Quota[] => drawnAt(mixture, forecasts, side).quotas
  const trained = (side: Side): number => sum(quotas(side).map(({ tokens }) => tokens))
  const validation = (side: Side): number => sum(forecasts.map(({ tokens }) => tokens[side] * held))
  // Those of the training side are written as often as they are drawn, the others once.
  const documents = (side: Side): number => sum(quotas(side).map(({ epochs }, i) =>
    forecasts[i]!.kept[side] * (epochs * (1 - held) + held)))
  const { idBytes, hasDocuments, seqLen } = sizesOf(mixture, drawn[0]!, tokenizer)
  const bytes = (side: Side): number => {
    const tokens = trained(side) + validation(side)
    const records = hasDocuments ? documents(side) + tokens / seqLen : 0 // one more for each row that cuts a document
    return tokens * idBytes + records * DOCUMENT_RECORD_BYTES
  }
  const isShuffled = shuffleOf(mixture) !== 'none'
  return {
    tokens: estimate(trained),
    validation_tokens: estimate(validation),
    output_bytes: estimate(bytes),
    shuffle_bytes: estimate(side => isShuffled ? trained(side) * idBytes : 0),
    warnings: [
      ...tokenizer === null ? [] : shapeWarning(mixture, drawn, tokenizer),
      ...budgetWarning(mixture, forecasts),
      ...heldWarnings(forecasts, held)
    ]
  }
}

interface Drawn {
  readonly quotas: readonly Quota[]
  /** Why the sources don't give the tokens; null if they do. */
  readonly why: string | null
}

/** What is drawn from sources of these sizes; as much as they give if they don't give the tokens. */
function drawnAt (mixture: MixSettings, forecasts: readonly ComponentForecast[], side: Side): Drawn {
  const { tokens, epochs, sources: requested, validation } = mixture
  const sources = forecasts.map((forecast): Source => {
    const { share = null, max_epochs: maxEpochs = null } = requested?.[forecast.name] ?? {}
    const own = Math.round(forecast.tokens[side] * (1 - (validation?.share ?? 0)))
    return { name: forecast.name, share, tokens: own, maxEpochs }
  })
  const most = sources.map(({ name, share, tokens, maxEpochs }): Quota => {
    const epochs = maxEpochs ?? 1
    return { name, share, tokens: tokens * epochs, epochs, isCapped: true }
  })
  if (sources.every(({ tokens }) => tokens === 0)) return { quotas: most, why: null }
  try {
    return { quotas: quotasOf(sources, tokens === undefined ? { epochs: epochs! } : { tokens }), why: null }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return { quotas: most, why: error.message }
  }
}

interface Sizes {
  readonly idBytes: number
  /** Whether the places of documents are stored next to the shards. */
  readonly hasDocuments: boolean
  readonly seqLen: number
}

function sizesOf (mixture: MixSettings, first: Component, tokenizer: Tokenizer | null): Sizes {
  const { format, seqLen = first.seqLen } = mixture
  const vocabSize = tokenizer?.vocabSize ?? GUESSED_PIECES
  const own = format === 'npy' ? dtypeOf(first, vocabSize) : null
  const dtype = dtypeOf({ format, dtype: mixture.dtype ?? own }, vocabSize)
  return { idBytes: bytesPerId(dtype), hasDocuments: format === 'npy', seqLen }
}

/** What `mix` would refuse, such as a missing pad id. */
function shapeWarning (mixture: MixSettings, drawn: readonly Component[], tokenizer: Tokenizer): string[] {
  try {
    plannedShape(mixture, drawn, tokenizer)
    return []
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    // Another error is about the component, whose own forecast has it.
    return error.code === 'ERR_OPTION' ? [error.message] : []
  }
}

function budgetWarning (mixture: MixSettings, forecasts: readonly ComponentForecast[]): string[] {
  const { why } = drawnAt(mixture, forecasts, 'guess')
  if (why !== null) return [`by this estimate, ${why}`]
  const { why: whyLow } = drawnAt(mixture, forecasts, 'low')
  return whyLow === null ? [] : [`at the lower bound of this estimate, ${whyLow}`]
}

/** Sources of so few documents that none may be on the validation side. */
function heldWarnings (forecasts: readonly ComponentForecast[], held: number): string[] {
  if (held === 0) return []
  return forecasts.filter(({ kept }) => kept.guess * held < 1).map(({ name, kept }) =>
    `${name}: of its about ${kept.guess} documents, none may be on the validation side, whose share is ${held}`)
}

function estimate (of: (side: Side) => number): Estimate {
  return { guess: Math.round(of('guess')), low: Math.round(of('low')), high: Math.round(of('high')) }
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
