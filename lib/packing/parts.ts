import { z } from 'zod'
import type { DocumentPart } from '../document.ts'
import { count } from '../options.ts'
import { type SavedPart, idOfText, idText, idToText } from './packing.ts'

const EXPECTED = 'expected [id, offset, start, length] of each document, as `sluice pack` writes'

const part = z.tuple([idText, count, count, count.min(1)])

/** The parts of a sequence as JSON values. */
export function savedParts (parts: readonly DocumentPart[]): SavedPart[] {
  return parts.map(({ id, offset, start, length }) => [idToText(id), offset, start, length])
}

/** The parts of a sequence from `savedParts`. */
export function partsOf (saved: readonly SavedPart[]): DocumentPart[] {
  return saved.map(([id, offset, start, length]) => ({ id: idOfText(id), offset, start, length }))
}

/**
 * The parts of a sequence from JSON of other programs.
 *
 * @param size ids of the sequence
 * @returns a message for anything else
 */
export function checkedParts (value: unknown, size: number): DocumentPart[] | string {
  const { success, data } = z.array(part).safeParse(value)
  if (!success) return EXPECTED
  let end = 0
  for (const [, , start, length] of data) {
    if (start < end) return `a document begins at ${start}, before the one before it ends, ${EXPECTED}`
    end = start + length
  }
  return end > size ? `a document ends at ${end}, the sequence has ${size} ids` : partsOf(data)
}
