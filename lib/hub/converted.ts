/** Splits of the parquet files that the Hub creates from a dataset, in the branch `refs/convert/parquet`. */
import type { HubFile } from './types.ts'

/** The files of a split in that branch. */
export interface ConvertedSplit {
  readonly subset: string
  readonly split: string
  /** Whether it holds only the beginning of the split: the Hub stops after a few gigabytes. */
  readonly isPartial: boolean
  readonly files: readonly HubFile[]
}

/**
 * `SUBSET/SPLIT/0000.parquet`. A partial split is in `SUBSET/partial-SPLIT/` (in 2023 `SUBSET/partial/SPLIT/`); a split
 * of more than 10,000 files continues in `SPLIT-part1`.
 */
const CONVERTED = /^([^/]+)\/(partial[-/])?([^/]+?)(?:-part(\d+))?\/(\d+)\.parquet$/

/**
 * The converted splits, ordered by subset and split, complete before partial ones. The files of each are in the order
 * of its records.
 */
export function convertedSplits (files: readonly HubFile[]): ConvertedSplit[] {
  const numbered = files.flatMap(file => {
    const [, subset, partial, split, part, number] = CONVERTED.exec(file.path) ?? []
    if (subset === undefined) return []
    const isPartial = partial !== undefined
    return [{ file, subset, split: split!, isPartial, part: Number(part ?? 0), number: Number(number) }]
  })
  numbered.sort((a, b) => order(a.subset, b.subset) || order(a.split, b.split) ||
    Number(a.isPartial) - Number(b.isPartial) || a.part - b.part || a.number - b.number)
  const splits: Array<ConvertedSplit & { readonly files: HubFile[] }> = []
  for (const { file, subset, split, isPartial } of numbered) {
    const last = splits.at(-1)
    if (last?.subset === subset && last.split === split && last.isPartial === isPartial) last.files.push(file)
    else splits.push({ subset, split, isPartial, files: [file] })
  }
  return splits
}

function order (a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
