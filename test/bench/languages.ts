import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import split2 from 'split2'
import { loadFastText } from '../../lib/fasttext/classifier.ts'
import { loadCld3 } from '../../lib/language/cld3.ts'
import type { LanguageDetector } from '../../lib/language/detector.ts'
import { fastTextDetector, installedModel } from '../../lib/language/fasttext.ts'
import { sameLanguage } from '../../lib/language/tags.ts'
import { packageRoot } from '../../lib/package.ts'
import { type Tokenizer, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { table } from '../../lib/text/table.ts'
import { CHECK_HEADER, type Check, checkRows, isReached } from './checks.ts'
import { runCommand } from './command.ts'
import type { Corpus } from './corpus.ts'
import { sentences } from './encode-texts.ts'
import { drop } from './feed.ts'
import { type Times, alternate, alternateTimed } from './measure.ts'
import { pythonWith } from './frame/python.ts'

/**
 * The required speed of filtering by fastText relative to Python with langdetect, and the allowed time of a whole flow
 * relative to split2.
 */
const WANTED = { filtering: 15, flow: 1 / 8 } as const
/** The allowed memory of filtering by lid.176.ftz in addition to filtering without a language. */
const ALLOWED_MB = 40

/** Number of copies of the text, so that the heap reaches its full size. */
const COPIES = 8

/** langdetect needs a minute for all of the text, so it gets every n-th document. */
const SAMPLED_EVERY = 10

const PROGRAM = join(packageRoot(), 'test', 'bench', 'rivals.py')

/** The accuracy of a detector on sentences of many languages. */
interface Accuracy {
  readonly detector: string
  readonly sentences: number
  readonly right: number
  readonly english: number
  readonly englishRight: number
  /** Sentences in other languages that pass as English, at the detector's default threshold. */
  readonly passAsEnglish: number
  readonly threshold: number
}

export interface LanguageFigures {
  readonly accuracies: readonly Accuracy[]
  readonly checks: readonly Check[]
  readonly notes: readonly string[]
}

/**
 * The accuracy of cld3 and lid.176.ftz on sentences of many languages; and the cost of filtering by fastText, next to
 * Python and next to reading alone.
 */
export async function languageFigures (corpus: Corpus, count: number): Promise<LanguageFigures> {
  const notes: string[] = []
  const texts = await sentences()
  const accuracies: Accuracy[] = []
  if (texts.size === 0) notes.push('skipped: accuracy: the sentences of many languages are missing')
  else {
    accuracies.push(await accuracy('cld3', await loadCld3(), 0.8, texts))
    accuracies.push(await accuracy(
      'fastText, lid.176.ftz', fastTextDetector(await loadFastText(installedModel())), 0.65, texts
    ))
  }
  const checks = [await wholeFlow(corpus, count, notes), await memory(corpus, count)]
  const python = pythonWith(['langdetect'])
  if (python === undefined) {
    notes.push('skipped: comparison with Python: no Python with langdetect was found; ' +
    'set SLUICE_BENCH_PYTHON to one')
  } else checks.unshift(await filtering(corpus, python, count, notes))
  return { accuracies, checks, notes }
}

/** Whether all figures meet their requirements. @param tolerance a share by which speeds may be missed */
export function isSwift ({ checks }: LanguageFigures, tolerance: number): boolean {
  return checks.every(check =>
    isReached({ ...check, wanted: check.wanted * (check.is === 'at least' ? 1 - tolerance : 1 + tolerance) }))
}

async function accuracy (
  name: string,
  detector: LanguageDetector,
  threshold: number,
  texts: ReadonlyMap<string, readonly string[]>
): Promise<Accuracy> {
  const counts = { sentences: 0, right: 0, english: 0, englishRight: 0, passAsEnglish: 0 }
  for (const [language, sentences] of texts) {
    for (const text of sentences) {
      const detected = await detector.detect(text)
      const isRight = sameLanguage(detected.language, language)
      counts.sentences++
      if (isRight) counts.right++
      if (language === 'en') {
        counts.english++
        if (isRight) counts.englishRight++
      } else if (sameLanguage(detected.language, 'en') && detected.probability >= threshold) counts.passAsEnglish++
    }
  }
  detector.close?.()
  return { detector: name, threshold, ...counts }
}

/** `filter-corpus` with one worker in this process, next to the same rules in Python. Loading isn't counted. */
async function filtering (
  { folder, ndjson, textBytes }: Corpus,
  python: string,
  count: number,
  notes: string[]
): Promise<Check> {
  const output = join(folder, 'filtered.ndjson')
  let theirBytes = 0
  const [ours, theirs] = await alternateTimed([
    async () => {
      const { seconds } = await filterCorpus({
        dataFiles: ndjson.path, detector: 'fasttext', output, workers: 1, restart: true
      })
      return seconds
    },
    async () => {
      const given = JSON.stringify({ path: ndjson.path, folder, every: SAMPLED_EVERY })
      const { stdout } = await promisify(execFile)(python, [PROGRAM, 'langdetect', given])
      const { wall, textBytes } = JSON.parse(stdout) as { wall: number, textBytes: number }
      theirBytes = textBytes
      return wall
    }
  ], count) as [Times, Times]
  const [our, their] = [textBytes / 1e6 / ours.best, theirBytes / 1e6 / theirs.best]
  notes.push(`filter-corpus with lid.176.ftz, one worker: ${our.toFixed(1)} MB/s; ` +
    `Python with langdetect: ${their.toFixed(2)} MB/s, of every ${SAMPLED_EVERY}th document`)
  return {
    what: 'filter-corpus by fastText, one worker: MB/s, relative to Python with langdetect',
    value: our / their,
    unit: 'times',
    is: 'at least',
    wanted: WANTED.filtering
  }
}

/** Filtering, encoding and packing with one worker, next to `split2(JSON.parse)` alone, on one file. */
async function wholeFlow ({ folder, ndjson, tokenizerPath }: Corpus, count: number, notes: string[]): Promise<Check> {
  const manifest = join(folder, 'languages.yaml')
  const filters = [
    'normalize', { length: { min_chars: 200, max_chars: 100_000 } }, { language: { keep: 'en', detector: 'fasttext' } },
    'dedup'
  ]
  // JSON is YAML.
  await writeFile(manifest, JSON.stringify([{
    name: 'web', dataset: 'json', data_files: ndjson.path, filters, output_dir: join(folder, 'languages')
  }]))
  const known = await loadTokenizer(tokenizerPath)
  let kept = 0
  const flow = async (tokenizer: Tokenizer): Promise<void> => {
    const { stats } = await processMixture(manifest, {
      tokenizerPath,
      logFile: join(folder, 'languages.json'),
      runsDir: join(folder, 'runs'),
      workers: 1,
      overwrite: true,
      restart: true
    }, { tokenizer })
    kept = stats[0]!.kept
  }
  const [ours, fresh, theirs] = await alternate([
    () => flow(known),
    async () => { await flow(await loadTokenizer(tokenizerPath)) },
    () => pipeline(createReadStream(ndjson.path), split2(JSON.parse), drop())
  ], count) as [Times, Times, Times]
  const speed = ({ best }: Times): string => (ndjson.bytes / 1e6 / best).toFixed(1)
  notes.push('normalize, length, language by lid.176.ftz, dedup, encode, pack, one worker: ' +
    `${speed(ours)} MB/s of NDJSON (${kept.toLocaleString('en-US')} documents kept) ` +
    `with a tokenizer that has cached the words, as in a large corpus, ${speed(fresh)} without; ` +
    `split2(JSON.parse): ${speed(theirs)} MB/s`)
  return {
    what: 'the whole flow: MB/s, relative to split2(JSON.parse) alone',
    value: theirs.best / ours.best,
    unit: 'times',
    is: 'at least',
    wanted: WANTED.flow
  }
}

/** The peak memory of `filter-corpus` with lid.176.ftz, compared with that of a run without a language filter. */
async function memory ({ folder, ndjson }: Corpus, count: number): Promise<Check> {
  const peak = async (options: readonly string[]): Promise<number> => {
    const peaks: number[] = []
    for (let run = 0; run < count; run++) {
      const { peakBytes } = await runCommand([
        'filter-corpus', '--data-files', ...Array.from({ length: COPIES }, () => ndjson.path), '--output-path',
        join(folder, 'filtered.ndjson'), '--workers', '1', '--restart', ...options
      ], folder)
      peaks.push(peakBytes)
    }
    return Math.min(...peaks)
  }
  const more = await peak(['--detector', 'fasttext']) - await peak(['--keep', 'any'])
  return {
    what: 'filter-corpus: memory of lid.176.ftz',
    value: more / 1e6,
    unit: 'MB',
    is: 'at most',
    wanted: ALLOWED_MB
  }
}

/** The result as text; the first table is that of the README. */
export function reportLanguages ({ accuracies, checks, notes }: LanguageFigures): string {
  const share = (part: number, of: number): string => `${(100 * part / of).toFixed(1)} %`
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rows = accuracies.map(({ detector, sentences, right, english, englishRight, passAsEnglish, threshold }) =>
    row([
      detector,
      share(right, sentences),
      share(englishRight, english),
      `${passAsEnglish} of ${(sentences - english).toLocaleString('en-US')} (from ${threshold})`
    ]))
  const accuracy = rows.length === 0
    ? []
    : [
        row([
          'detector', 'right, of sentences in 75 languages', 'right, of those in English', 'others that pass as English'
        ]),
        row(['---', '---', '---', '---']),
        ...rows,
        ''
      ]
  return [...accuracy, table([CHECK_HEADER, ...checkRows(checks)]), ...notes].join('\n')
}

/** The result as JSON. */
export function jsonOfLanguages ({ accuracies, checks, notes }: LanguageFigures): object {
  return { accuracies, checks, notes }
}
