import { table } from '../../../lib/text/table.ts'
import type { CorpusFile } from '../corpora/corpora.ts'
import { type WordCounts, newShare, newWordsPerMegabyte } from '../corpora/word-counter.ts'
import type { Compared } from './compare.ts'
import type { Machine } from './machine.ts'
import { type RowResult, type SideResult, bestOf, bestWarm, ratioOf } from './row.ts'

const HEADER = ['row', 'text', 'MB', 'by', 'MB/s of CPU time', 'warm', 'CPU s', 'wall s', 'ratio', 'count']

export function machineLine ({ cpu, cores, memoryGb, node, platform, commit }: Machine): string {
  const parts = [cpu, `${cores} cores`, `${memoryGb} GB`, platform, `Node ${node}`]
  return [...parts, ...commit === null ? [] : [`commit ${commit}`]].join(', ')
}

/** The contents of the corpora, and their number of new words. */
export function corporaTable (corpora: readonly CorpusFile[]): string {
  const rows = corpora.flatMap(({ name, source, documents, original, made }) => [
    ...original === null ? [] : [[name, source, ...wordCells(original)]],
    ...made === null ? [] : [[name, original === null ? source : 'the same with other words', ...wordCells(made)]]
  ].map((cells, i) => [...cells, i === 0 ? documents.toLocaleString('en-US') : '']))
  return table([['text', 'source', 'MB', 'words', 'new', 'new words per MB', 'documents'], ...rows])
}

function wordCells (counts: WordCounts): string[] {
  return [
    (counts.bytes / 1e6).toFixed(1),
    counts.words.toLocaleString('en-US'),
    `${(100 * newShare(counts)).toFixed(1)} %`,
    Math.round(newWordsPerMegabyte(counts)).toLocaleString('en-US')
  ]
}

const RATIO = 'ratio: speed of the first side of a row relative to this one, by CPU time; ' +
  'warm: the same work repeated in the same process; count: resulting documents, sequences or ids'

/** A line for each side of each row. */
export function rowsTable (rows: readonly RowResult[]): string {
  return [table([HEADER, ...rows.flatMap(({ about, corpus, bytes, sides }) => sides.map((side, i) => [
    ...i === 0 ? [about, corpus ?? '', bytes === null ? '' : (bytes / 1e6).toFixed(1)] : ['', '', ''],
    nameOf(side),
    ...sideCells(side, bytes),
    i === 0 ? '' : ratioOf(bestOf(sides[0]!.samples), bestOf(side.samples)).toFixed(2),
    side.kind === 'limit' || side.samples[0]!.count === 0 ? '' : side.samples[0]!.count.toLocaleString('en-US')
  ]))]), RATIO].join('\n')
}

function nameOf ({ name, kind, samples }: SideResult): string {
  if (kind === 'limit') return `limit: ${name}`
  const path = samples[0]!.path
  return path === undefined ? name : `${name}, ${path}`
}

/** A line for each row: sluice here, and at another commit. */
export function comparedTable ({ commit, rows }: Compared): string {
  const there = `at ${commit}`
  const header = ['row', 'text', 'by', 'MB/s of CPU time', there, 'CPU s', there, 'times as fast', 'warm']
  return table([header, ...rows.map(({ about, corpus, bytes, sides }) => {
    const [here, there] = sides as [SideResult, SideResult]
    const [[speed, , cpu], [otherSpeed, , otherCpu]] = [sideCells(here, bytes), sideCells(there, bytes)]
    const [warm, otherWarm] = [bestWarm(here.samples), bestWarm(there.samples)]
    const ratio = ratioOf(bestOf(here.samples), bestOf(there.samples)).toFixed(2)
    const warmRatio = warm === undefined || otherWarm === undefined ? '' : ratioOf(warm, otherWarm).toFixed(2)
    return [about, corpus ?? '', here.name, speed!, otherSpeed!, cpu!, otherCpu!, ratio, warmRatio]
  })])
}

/** Speed, warm speed, CPU time and wall time. */
function sideCells ({ samples }: SideResult, bytes: number | null): string[] {
  const best = bestOf(samples)
  const warm = bestWarm(samples)
  const speed = (seconds: number): string => bytes === null ? '' : (bytes / 1e6 / seconds).toFixed(1)
  return [speed(best.cpu), warm === undefined ? '' : speed(warm.cpu), best.cpu.toFixed(3), best.wall.toFixed(3)]
}
