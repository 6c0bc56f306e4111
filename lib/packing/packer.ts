import { SluiceError } from '../errors.ts'
import { ConcatPacker, type ConcatState } from './concat.ts'
import type { Packer, Packing } from './packing.ts'
import { BestFitPacker, type WindowState } from './window.ts'

/** How documents are laid into sequences. */
export interface PackerOptions {
  readonly seqLen: number
  readonly packing: Packing
  readonly packingWindow: number
  /** Needed by `best_fit`. */
  readonly padId?: number | undefined
}

/** A packer of any kind. @throws SluiceError `ERR_OPTION` for `best_fit` without a pad id */
export function packerOf (
  { seqLen, packing, packingWindow, padId }: PackerOptions
): Packer<ConcatState | WindowState> {
  if (packing === 'concat') return new ConcatPacker(seqLen)
  if (padId === undefined) {
    throw new SluiceError('ERR_OPTION', 'pack.padId: it is missing, best_fit fills sequences with this id: ' +
      'set it to the id of the padding token (--pad-id)')
  }
  return new BestFitPacker({ seqLen, window: packingWindow, padId })
}
