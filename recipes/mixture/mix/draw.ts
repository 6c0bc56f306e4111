import { shuffleKey } from '../../../lib/shuffle/key.ts'
import { type Budget, type Quota, quotasOf } from '../../../lib/mix/shares.ts'
import { Sides } from '../../../lib/mix/sides.ts'
import { Subset } from '../../../lib/mix/subset.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { type DocumentUnit, unitsOf } from '../../../lib/shards/units.ts'
import type { MixSettings } from '../../manifest/mix-schema.ts'
import type { MixSource } from './sources.ts'

/** What a key is for, so that the choice of documents and their order are independent of each other. */
export const KEY_USES = { choice: 1, order: 2 } as const

/** Documents and their tokens. */
export interface Amount {
  documents: number
  tokens: number
}

/** A source, and which of its documents are drawn, how often. */
export interface DrawnSource extends MixSource {
  readonly quota: Quota
  /** All documents on either side. */
  readonly training: Readonly<Amount>
  readonly validation: Readonly<Amount>
  /** Tokens of the documents that are drawn, in all epochs. */
  readonly drawnTokens: number
  /** How often its documents are read: the last time, some of them are drawn. */
  readonly epochs: number
  /** How many tokens of a document of the training side are drawn in an epoch, from 0: none, all, or the first ones. */
  readonly tokensOf: (epoch: number, unit: DocumentUnit) => number
}

/**
 * Chooses the documents of a mixture. It reads where documents begin, not their ids.
 *
 * @throws SluiceError `ERR_OPTION` when the sources don't give the tokens, or no document is on the validation side;
 *   `ERR_SHARD`, `ERR_FILES`, `ERR_ABORTED`
 */
export async function draw (
  sources: readonly MixSource[], settings: MixSettings, sides: Sides, signal: AbortSignal | undefined
): Promise<DrawnSource[]> {
  const measured = []
  for (const source of sources) measured.push({ ...source, ...await measure(source, sides, signal) })
  const quotas = quotasOf(measured.map(({ name, share, maxEpochs, training }) => {
    return { name, share, maxEpochs, tokens: training.tokens }
  }), budgetOf(settings))
  checkValidation(settings, measured)
  const drawn: DrawnSource[] = []
  for (const [i, source] of measured.entries()) {
    const quota = quotas[i]!
    const whole = source.training.tokens === 0 ? 0 : Math.floor(quota.tokens / source.training.tokens)
    const rest = quota.tokens - whole * source.training.tokens
    const keyOf = choiceKey(source, settings.seed, whole)
    const subset = rest === 0 ? null : new Subset(rest, source.stats.seq_len)
    if (subset !== null) await choose(subset, source, { keyOf, sides, signal })
    drawn.push({
      ...source,
      quota,
      drawnTokens: whole * source.training.tokens + (subset?.tokens ?? 0),
      epochs: Math.max(1, whole + (subset === null ? 0 : 1)),
      tokensOf: (epoch, unit) => epoch < whole ? unit.tokens : subset?.tokensOf({ ...unit, key: keyOf(unit) }) ?? 0
    })
  }
  return drawn
}

function budgetOf ({ tokens, epochs }: MixSettings): Budget {
  return tokens === undefined ? { epochs: epochs! } : { tokens }
}

interface Measured { readonly training: Amount, readonly validation: Amount }

async function measure (source: MixSource, sides: Sides, signal: AbortSignal | undefined): Promise<Measured> {
  const training: Amount = { documents: 0, tokens: 0 }
  const validation: Amount = { documents: 0, tokens: 0 }
  for await (const units of unitsOf(source.documents, signal)) {
    for (const { id, offset, tokens } of units) {
      const amount = sides.isValidation(id) ? validation : training
      if (offset === 0) amount.documents++
      amount.tokens += tokens
    }
  }
  return { training, validation }
}

function checkValidation ({ validation }: MixSettings, measured: readonly Measured[]): void {
  if (validation === null) return
  const sum = (side: 'training' | 'validation'): number => measured.reduce((sum, of) => sum + of[side].documents, 0)
  const [train, held] = [sum('training'), sum('validation')]
  if (train > 0 && held > 0) return
  throw new SluiceError('ERR_OPTION', `mixture.validation.share: ${validation.share} of ${train + held} documents ` +
    `puts ${held === 0 ? 'none' : 'all'} of them into validation; set a ${held === 0 ? 'larger' : 'smaller'} share`)
}

type Keyed = Pick<DocumentUnit, 'id' | 'offset'>

/** The keys by which documents are chosen for the last epoch. */
function choiceKey ({ key }: MixSource, seed: number, epoch: number): (unit: Keyed) => number {
  return ({ id, offset }) => shuffleKey(seed, KEY_USES.choice, key, epoch, id, offset)
}

interface Choosing {
  readonly keyOf: (unit: Keyed) => number
  readonly sides: Sides
  readonly signal: AbortSignal | undefined
}

/** Chooses documents of the training side. */
async function choose (subset: Subset, { documents }: MixSource, { keyOf, sides, signal }: Choosing): Promise<void> {
  for await (const units of unitsOf(documents, signal)) {
    for (const unit of units) if (!sides.isValidation(unit.id)) subset.count(keyOf(unit), unit.tokens)
  }
  for await (const units of unitsOf(documents, signal)) {
    for (const unit of units) if (!sides.isValidation(unit.id)) subset.offer({ ...unit, key: keyOf(unit) })
  }
  subset.end()
}
