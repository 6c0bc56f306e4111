import { availableParallelism, cpus } from 'node:os'
import { basename } from 'node:path'
import { table } from '../../recipes/text.ts'
import { ALLOWED_PERCENT, type CheckpointCost } from './checkpoint.ts'
import type { CoresFigures } from './cores.ts'
import type { Corpus } from './corpus.ts'
import { type EncodeFigures, isFastEnough, isWithin } from './encode.ts'
import { type FastTextFigures, jsonOfFastText, reportFastText } from './fasttext.ts'
import { type HubFigures, jsonOfHub, reportHub } from './hub.ts'
import { jsonOfCores, jsonOfRivals } from './json-cores.ts'
import { type LanguageFigures, jsonOfLanguages, reportLanguages } from './languages.ts'
import type { Times } from './measure.ts'
import { reportCores, reportRivals } from './print-cores.ts'
import type { RivalFigures } from './rivals.ts'
import type { Row } from './rows.ts'
import { type SideBySide, WANTED_RATIO } from './side-by-side.ts'
import type { Start } from './start.ts'
import { type TrainerFigures, jsonOfTrainer, reportTrainer } from './trainer.ts'
import type { VerifySides } from './verify.ts'

/** A row that has been measured. */
export interface Result extends Pick<Row, 'name' | 'unit' | 'bytes'> {
  readonly times: Times
}

/** All that one call of the benchmark has found out. */
export interface Results {
  readonly corpus: Corpus
  readonly runs: number
  readonly rows: readonly Result[]
  /** Absent when they weren't asked for. */
  readonly sides?: SideBySide | undefined
  readonly checkpoint?: CheckpointCost | undefined
  readonly start?: Start | undefined
  /** Absent when it wasn't asked for. */
  readonly verified?: VerifySides | undefined
  readonly encoding?: EncodeFigures | undefined
  readonly cores?: CoresFigures | undefined
  readonly rivals?: RivalFigures | undefined
  readonly fastText?: FastTextFigures | undefined
  readonly hub?: HubFigures | undefined
  readonly languages?: LanguageFigures | undefined
  readonly trainer?: TrainerFigures | undefined
}

/** The results for people. */
export function report ({
  corpus,
  runs,
  rows,
  sides,
  checkpoint,
  verified,
  start,
  encoding,
  cores: scaling,
  rivals,
  fastText,
  hub,
  languages,
  trainer
}: Results): string {
  const { cpu, cores, node } = machine()
  const sections = [[
    `${cpu}, ${cores} cores, Node ${node}`,
    `${corpus.name}: ${whole(corpus.documents)} documents, ${megabytes(corpus.textBytes)} MB of text, ` +
      `${megabytes(corpus.ndjson.bytes)} MB of NDJSON; tokenizer ${basename(corpus.tokenizerPath)}`,
    `Best of ${runs} after a warm-up (cores, trainer: without). MB/s of UTF-8 text, ` +
      'for read and side by side of NDJSON bytes; documents/s as they go in'
  ].join('\n')]
  if (rows.length > 0) {
    const lines = rows.map(({ name, unit, bytes, times }) => [name, unit, ...figures(bytes, corpus, times)])
    sections.push(table([['stage or flow', 'MB of', ...FIGURES], ...lines]))
  }
  if (sides !== undefined) sections.push(reportSides(sides, corpus))
  if (checkpoint !== undefined) sections.push(reportCheckpoint(checkpoint, corpus))
  if (start !== undefined) {
    sections.push(`a command's start: ${milliseconds(start.sluice)} ms, ` +
      `of which Node's own ${milliseconds(start.node)} ms`)
  }
  if (verified !== undefined) sections.push(reportVerified(verified))
  if (encoding !== undefined) sections.push(reportEncoding(encoding))
  if (scaling !== undefined) sections.push(reportCores(scaling))
  if (rivals !== undefined) sections.push(reportRivals(rivals))
  if (fastText !== undefined) sections.push(reportFastText(fastText))
  if (hub !== undefined) sections.push(reportHub(hub))
  if (languages !== undefined) sections.push(reportLanguages(languages))
  if (trainer !== undefined) sections.push(reportTrainer(trainer))
  return sections.join('\n\n')
}

const FIGURES = ['MB/s', 'documents/s', 'seconds', 'slowest'] as const

function figures (bytes: number, { documents }: Corpus, { best, seconds }: Times): string[] {
  return [(bytes / 1e6 / best).toFixed(1), whole(documents / best), best.toFixed(3), Math.max(...seconds).toFixed(3)]
}

function reportSides ({ ours, split2, ratio }: SideBySide, corpus: Corpus): string {
  const { bytes } = corpus.ndjson
  const sides = table([
    ['side by side', 'MB of', ...FIGURES],
    ['sluice: ndjson()', 'NDJSON', ...figures(bytes, corpus, ours)],
    ['createReadStream | split2(JSON.parse)', 'NDJSON', ...figures(bytes, corpus, split2)]
  ])
  return `${sides}\nratio ${ratio.toFixed(2)}, wanted ${WANTED_RATIO}: ${ratio < WANTED_RATIO ? 'too slow' : 'reached'}`
}

function reportCheckpoint ({ on, off, percent }: CheckpointCost, corpus: Corpus): string {
  const sides = table([
    ['process-mixture, no language', 'MB of', ...FIGURES],
    ['with checkpoints', 'text', ...figures(corpus.textBytes, corpus, on)],
    ['without', 'text', ...figures(corpus.textBytes, corpus, off)]
  ])
  return `${sides}\ncheckpoints cost ${percent.toFixed(1)} %, allowed ${ALLOWED_PERCENT} %: ` +
    (percent > ALLOWED_PERCENT ? 'too much' : 'reached')
}

function reportVerified ({ bytes, workers, one, all, ratio }: VerifySides): string {
  const row = (name: string, { best, seconds }: Times): string[] =>
    [name, (bytes / 1e6 / best).toFixed(1), best.toFixed(3), Math.max(...seconds).toFixed(3)]
  const sides = table([
    ['verify', 'MB/s of shards', 'seconds', 'slowest'], row('--workers 1', one), row(`--workers ${workers}`, all)
  ])
  return `${sides}\nratio ${ratio.toFixed(2)} on ${workers} cores, ${megabytes(bytes)} MB of shards`
}

function reportEncoding ({ races, bounds, notes }: EncodeFigures): string {
  const speed = (bytes: number, { best }: Times): string => (bytes / 1e6 / best).toFixed(1)
  const sides = table([
    ['encode, one thread, CPU time', 'MB', 'table', 'sluice MB/s', 'beside', 'its MB/s', 'ratio', 'wanted', ''],
    ...races.map(race => [
      race.text,
      megabytes(race.bytes),
      race.table,
      speed(race.bytes, race.ours),
      race.other,
      speed(race.bytes, race.theirs),
      race.ratio.toFixed(2),
      String(race.wanted ?? ''),
      race.wanted === null ? '' : isFastEnough(race) ? 'reached' : 'too slow'
    ])
  ])
  const limits = table([
    ['encode', 'unit', 'is', 'allowed', ''],
    ...bounds.map(bound => [
      bound.what, bound.unit, bound.value.toFixed(1), bound.allowed.toFixed(0),
      isWithin(bound) ? 'reached' : 'too much'
    ])
  ])
  return [sides, '', limits, ...notes].join('\n')
}

/** The results for programs. */
export function json ({
  corpus,
  runs,
  rows,
  sides,
  checkpoint,
  verified,
  start,
  encoding,
  cores,
  rivals,
  fastText,
  hub,
  languages,
  trainer
}: Results): string {
  const { name, documents, textBytes, ndjson: { bytes: ndjsonBytes }, tokenizerPath } = corpus
  const timesOf = (bytes: number, { best, seconds }: Times) => ({
    mb_per_second: bytes / 1e6 / best, best_seconds: best, seconds
  })
  const seconds = ({ best, seconds }: Times) => ({ best_seconds: best, seconds })
  const speeds = (bytes: number, { best, seconds }: Times) =>
    ({ mb_per_second: bytes / 1e6 / best, documents_per_second: documents / best, best_seconds: best, seconds })
  return JSON.stringify({
    machine: machine(),
    input: { name, documents, text_bytes: textBytes, ndjson_bytes: ndjsonBytes, tokenizer: basename(tokenizerPath) },
    runs,
    rows: rows.map(row => ({ name: row.name, mb_of: row.unit, bytes: row.bytes, ...speeds(row.bytes, row.times) })),
    side_by_side: sides === undefined
      ? null
      : {
          mb_of: 'NDJSON',
          ours: speeds(ndjsonBytes, sides.ours),
          split2: speeds(ndjsonBytes, sides.split2),
          ratio: sides.ratio,
          wanted_ratio: WANTED_RATIO
        },
    checkpoint: checkpoint === undefined
      ? null
      : {
          mb_of: 'text',
          on: speeds(textBytes, checkpoint.on),
          off: speeds(textBytes, checkpoint.off),
          percent: checkpoint.percent,
          allowed_percent: ALLOWED_PERCENT
        },
    verify: verified === undefined
      ? null
      : {
          bytes: verified.bytes,
          workers: verified.workers,
          one: timesOf(verified.bytes, verified.one),
          all: timesOf(verified.bytes, verified.all),
          ratio: verified.ratio
        },
    start: start === undefined ? null : { sluice: seconds(start.sluice), node: seconds(start.node) },
    encode: encoding === undefined
      ? null
      : {
          mb_of: 'text',
          races: encoding.races.map(({ text, table, other, bytes, ours, theirs, ratio, wanted }) =>
            ({
              text,
              table,
              beside: other,
              bytes,
              ours: timesOf(bytes, ours),
              theirs: timesOf(bytes, theirs),
              ratio,
              wanted_ratio: wanted
            })),
          bounds: encoding.bounds.map(({ what, unit, value, allowed }) => ({ what, unit, value, allowed })),
          notes: encoding.notes
        },
    cores: cores === undefined ? null : jsonOfCores(cores),
    rivals: rivals === undefined ? null : jsonOfRivals(rivals),
    fasttext: fastText === undefined ? null : jsonOfFastText(fastText),
    hub: hub === undefined ? null : jsonOfHub(hub),
    languages: languages === undefined ? null : jsonOfLanguages(languages),
    trainer: trainer === undefined ? null : jsonOfTrainer(trainer)
  }, null, 2) + '\n'
}

function machine (): { readonly cpu: string, readonly cores: number, readonly node: string } {
  return { cpu: cpus()[0]?.model.trim() ?? 'unknown CPU', cores: availableParallelism(), node: process.versions.node }
}

function milliseconds ({ best }: Times): string {
  return (best * 1000).toFixed(0)
}

function megabytes (bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

function whole (value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
