import { type TextSettings, textAppender } from '../../bpe/append-text.ts'
import { KernelEncoder } from '../../bpe/kernel-encoder.ts'
import type { BpeTables } from '../../bpe/kernel-tables.ts'
import type { Metaspace } from '../../bpe/model.ts'
import { characterTables } from '../../bpe/sentencepiece-tables.ts'
import type { IdBuffer } from '../../sentencepiece/id-buffer.ts'
import { kernelTokens } from './kernel-tokens.ts'
import type { PiecesModel } from './model.ts'

/** The character that stands for a space. */
const MARK = '\u2581'

/** What a thread encodes with by the kernel. It can be posted. */
export interface SharedBpe extends TextSettings {
  readonly kind: 'bpe'
  readonly tables: BpeTables
  /** Which texts begin with a space that is added. */
  readonly prepends: Metaspace['prepends']
}

/**
 * What the kernel for SentencePiece's BPE encodes a model with; undefined if it can't take the model. It merges by the
 * ranks of the file; in its texts a space stands for U+2581.
 */
export function sharedBpe (model: PiecesModel, settings: TextSettings): SharedBpe | undefined {
  const { algorithm, normalizers, preTokenizers } = model
  if (algorithm.type !== 'bpe') return undefined
  const last = normalizers.at(-1)
  const isReplaced = last?.type === 'Replace' && last.from === ' ' && last.to === MARK
  const steps = preTokenizers.filter(step => !(isReplaced && step.type === 'text' && step.text.includes(' ')))
  const [metaspace] = steps
  if (steps.length > 1 || (metaspace === undefined ? !isReplaced : metaspace.type !== 'metaspace')) return undefined
  if (metaspace?.type === 'metaspace' && metaspace.mark !== MARK) return undefined
  const splits = metaspace?.type === 'metaspace' && metaspace.splits
  const tokens = kernelTokens(model.pieces, algorithm)
  if (tokens === undefined || (splits && tokens.tokens.some(token => token.lastIndexOf(' ') > 0))) return undefined
  const tables = characterTables(tokens)
  if (tables === undefined) return undefined
  // Where no token is looked for in normalized text, spaces can stay.
  const isKept = isReplaced && !settings.added.some(({ normalized }) => normalized)
  return {
    ...settings,
    kind: 'bpe',
    normalizers: isKept ? normalizers.slice(0, -1) : normalizers,
    tables,
    prepends: metaspace?.type === 'metaspace' ? metaspace.prepends : 'never'
  }
}

/** A function that appends the ids of a text. @throws Error where there is no memory for the thread */
export function kernelAppender (shared: SharedBpe): (text: string, ids: IdBuffer) => void {
  const kernel = new KernelEncoder(shared.tables)
  return textAppender(shared, (part, ids, isStart) => {
    const text = part.replaceAll(MARK, ' ')
    const isPrepended = shared.prepends === 'always' || (shared.prepends === 'first' && isStart)
    kernel.append(isPrepended && text !== '' && !text.startsWith(' ') ? ` ${text}` : text, ids)
  })
}
