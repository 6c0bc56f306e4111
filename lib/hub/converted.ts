/**
 * The parquet that the Hub makes of a dataset, in the branch `refs/convert/parquet`: which of its files are which
 * split's.
 */
import type { HubFile } from './types.ts'

/** A split's files there. */
export interface ConvertedSplit {
  readonly subset: string
  readonly split: string
  /** Whether it holds the beginning of the split only: the Hub stops at some gigabytes. */
  readonly isPartial: boolean
  readonly files: readonly HubFile[]
}

/**
 * `SUBSET/SPLIT/0000.parquet`; `SUBSET/partial-SPLIT/`, of 2023 `SUBSET/partial/SPLIT/`, where it is partial; and
 * `SPLIT-part1` where there are more than 10,000 files.
 */
const CONVERTED = /^([^/]+)\/(partial[-/])?([^/]+?)(?:-part(\d+))?\/(\d+)\.parquet$/

/**
 * The splits that were converted, in the order of their subsets' and splits' names, whole ones before partial
 * ones; each one's files in the order of its records.
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
