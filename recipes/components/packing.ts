import type { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { isFlat } from '../../lib/shards/formats/formats.ts'
import type { Encoder } from '../../lib/tokenizer/tokenizer.ts'
import { boundariesOf } from '../../transforms/encode.ts'
import type { packOptions } from '../../transforms/pack.ts'
import type { FoundComponent } from '../manifest/found.ts'

type Boundary = 'eosId' | 'eos' | 'bos'
type Packed =
  Pick<FoundComponent, 'name' | 'format' | 'seqLen' | 'packing' | 'packingWindow' | 'padId' | Boundary>

/**
 * How a component's documents are packed, as options of `pack`.
 *
 * @throws SluiceError `ERR_OPTION` when the format has no sequences
 * @throws SluiceError `ERR_TOKENIZER` when the pad id isn't in the vocabulary, or is needed and the tokenizer has none
 */
export function packingOf (component: Packed, tokenizer: Encoder): z.output<typeof packOptions> {
  const { name, format, seqLen, packing, packingWindow } = component
  if (isFlat(format) && packing === 'best_fit') {
    const reason = `format ${format} has no sequences, as its readers cut samples themselves`
    const advice = 'leave out packing, or use format npy, mds or parquet'
    throw new SluiceError('ERR_OPTION', `component ${name}: packing best_fit: ${reason}; ${advice}`)
  }
  return { seqLen, packing, packingWindow, padId: packing === 'concat' ? undefined : padIdOf(component, tokenizer) }
}

/** How documents are packed, as checkpoints and stats have it. What is so by default is left out. */
export interface PackingSettings {
  readonly packing?: 'best_fit'
  readonly packing_window?: number
  readonly pad_id?: number
}

/** @throws SluiceError as `packingOf` */
export function packingSettings (component: Packed, tokenizer: Encoder): PackingSettings {
  const { packing, packingWindow, padId } = packingOf(component, tokenizer)
  if (packing === 'concat' || padId === undefined) return {}
  return { packing, packing_window: packingWindow, pad_id: padId }
}

function padIdOf (component: Packed, tokenizer: Encoder): number {
  const { vocabSize, padId: own = -1 } = tokenizer
  const of = `component ${component.name}: `
  const needed = 'packing best_fit fills sequences with a pad id'
  const advice = 'set pad_id (--pad-id), to an id that no text is encoded to'
  if (component.padId >= vocabSize) {
    const expected = `expected 0 to ${vocabSize - 1}`
    const mistake = `is not in the vocabulary of ${vocabSize} pieces`
    throw new SluiceError('ERR_TOKENIZER', `${of}pad_id ${component.padId} ${mistake}, ${expected}`)
  }
  if (component.padId !== -1) return component.padId
  if (own === -1) {
    throw new SluiceError('ERR_TOKENIZER', `${of}${needed}, and the tokenizer has no padding token; ${advice}`)
  }
  const { eosId } = boundariesOf(tokenizer, component)
  if (own === eosId) {
    const mistake = `the padding token of the tokenizer is the EOS token, ${eosId}`
    const message = `${of}${needed}, and ${mistake}; ${advice}, or to ${eosId} if that is intended`
    throw new SluiceError('ERR_TOKENIZER', message)
  }
  return own
}
