import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../lib/errors.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { packageRoot } from '../../lib/package.ts'
import { checkpointCost } from './checkpoint.ts'
import { coresFigures, isScaled } from './cores.ts'
import { prepareCorpus } from './corpus.ts'
import { encodeFigures, isAsWanted } from './encode.ts'
import { fastTextFigures, isQuick } from './fasttext.ts'
import { hubFigures, isStreamed } from './hub.ts'
import { isSwift, languageFigures } from './languages.ts'
import { measure } from './measure.ts'
import { type Result, json, report } from './print.ts'
import { isAhead, rivalFigures } from './rivals.ts'
import { type Row, rowsOf } from './rows.ts'
import { WANTED_RATIO, sideBySide } from './side-by-side.ts'
import { startTimes } from './start.ts'
import { isTrained, trainerFigures } from './trainer.ts'
import { verifySides } from './verify.ts'

const USAGE = `npm run bench -- [--only NAME]... [--runs N] [--whole] [--mb N] [--quick] [--json]

  --only NAME  measure this row only; may be repeated; side-by-side, checkpoint, verify and start are names too,
               and encode stands for the stage and for the encoder beside SentencePiece; cores, rivals, fasttext,
               hub, languages and trainer take minutes, and are measured only when they are named
  --runs N     runs of each, of which the best counts (default: 5)
  --tolerance PERCENT
               by how much the figures of encode and languages, and the speed of hub and trainer, may be missed before the command fails, on a machine that others use (default: 0)
  --whole      rivals: the script in Python filters all of the text, not a sample
  --mb N       trainer: how much text the largest one has (default: 100); 0 leaves it out
  --quick      trainer: half of the documents, one size, once; hub: 300 MB in place of 2 GB
  --json       also write the results to bench.json
`

const SIDE_BY_SIDE = 'side-by-side'
const CHECKPOINT = 'checkpoint'
const CORES = 'cores'
const RIVALS = 'rivals'
const ENCODE = 'encode'
const FASTTEXT = 'fasttext'
const HUB = 'hub'
const LANGUAGES = 'languages'
const START = 'start'
const TRAINER = 'trainer'
const VERIFY = 'verify'

interface Arguments {
  readonly only: readonly string[] | undefined
  readonly runs: number
  /** A share: by how much figures of speed may be missed. */
  readonly tolerance: number
  readonly whole: boolean
  readonly mb: number
  readonly quick: boolean
  readonly json: boolean
}

const given = readArguments()
if (given === null) process.stdout.write(USAGE)
else await bench(given)

/** Null when help is asked for. Ends the process with code 2 where the call is wrong. */
function readArguments (): Arguments | null {
  try {
    const { only, runs, tolerance, whole, mb, quick, json, help } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        runs: { type: 'string', default: '5' },
        tolerance: { type: 'string', default: '0' },
        whole: { type: 'boolean', default: false },
        mb: { type: 'string', default: '100' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false }
      }
    }).values
    if (!/^[1-9]\d*$/.test(runs)) throw new Error(`--runs: expected a whole number of at least 1, got ${runs}`)
    if (!/^\d{1,2}$/.test(tolerance)) throw new Error(`--tolerance: expected a percentage below 100, got ${tolerance}`)
    if (!/^\d{1,4}$/.test(mb)) throw new Error(`--mb: expected a whole number below 10,000, got ${mb}`)
    return help
      ? null
      : { only, runs: Number(runs), tolerance: Number(tolerance) / 100, whole, mb: Number(mb), quick, json }
  } catch (error) {
    wrongCall(messageOf(error))
  }
}

function wrongCall (message: string): never {
  process.stderr.write(`${message}\n\n${USAGE}`)
  process.exit(2)
}

async function bench ({ only, runs, tolerance, whole, mb, quick, json: asJson }: Arguments): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })
  process.once('SIGINT', () => { process.exit(130) })

  const corpus = await prepareCorpus(folder)
  const all = rowsOf(corpus)
  const names = [SIDE_BY_SIDE, CHECKPOINT, VERIFY, START, CORES, RIVALS, FASTTEXT, HUB, LANGUAGES, TRAINER, ...all.map(({
    name
  }) => name)]
  const unknown = only?.filter(name => !names.includes(name)) ?? []
  if (unknown.length > 0) wrongCall(`--only: no row is called ${unknown.join(', ')}; there are ${names.join(', ')}`)
  const wanted = (name: string): boolean => only?.includes(name) ?? true

  // First, while no documents lie in memory, which the garbage collector would go through again and again.
  const sides = wanted(SIDE_BY_SIDE) ? await announced(SIDE_BY_SIDE, () => sideBySide(corpus.ndjson, runs)) : undefined
  const checkpoint = wanted(CHECKPOINT) ? await announced(CHECKPOINT, () => checkpointCost(corpus, runs)) : undefined
  const start = wanted(START) ? await announced(START, () => startTimes(runs)) : undefined
  const verified = wanted(VERIFY) ? await announced(VERIFY, () => verifySides(folder, runs)) : undefined
  const encoding = wanted(ENCODE)
    ? await announced('encode beside SentencePiece', () => encodeFigures(corpus, runs))
    : undefined
  const cores = only?.includes(CORES) === true ? await announced(CORES, () => coresFigures(corpus, runs)) : undefined
  const rivals = only?.includes(RIVALS) === true
    ? await announced(RIVALS, () => rivalFigures(corpus, runs, { whole }))
    : undefined
  const fastText = only?.includes(FASTTEXT) === true
    ? await announced(FASTTEXT, () => fastTextFigures(corpus, runs))
    : undefined
  const hub = only?.includes(HUB) === true ? await announced(HUB, () => hubFigures(corpus, runs, { quick })) : undefined
  const languages = only?.includes(LANGUAGES) === true
    ? await announced(LANGUAGES, () => languageFigures(corpus, runs))
    : undefined
  const trainer = only?.includes(TRAINER) === true
    ? await announced(TRAINER, () => trainerFigures(corpus, runs, { quick, megabytes: mb }))
    : undefined
  const rows: Result[] = []
  for (const row of all.filter(({ name }) => wanted(name))) {
    rows.push(await announced(row.name, () => measureRow(row, runs)))
  }

  const results = {
    corpus, runs, rows, sides, checkpoint, verified, start, encoding, cores, rivals, fastText, hub, languages, trainer
  }
  process.stdout.write(report(results) + '\n')
  if (asJson) await writeFileWhole(join(packageRoot(), 'bench.json'), json(results))
  if (sides !== undefined && sides.ratio < WANTED_RATIO) process.exitCode = 1
  if (encoding !== undefined && !isAsWanted(encoding, tolerance)) process.exitCode = 1
  if (cores !== undefined && !isScaled(cores)) process.exitCode = 1
  if (rivals !== undefined && !isAhead(rivals)) process.exitCode = 1
  if (fastText !== undefined && !isQuick(fastText)) process.exitCode = 1
  if (hub !== undefined && !isStreamed(hub, tolerance)) process.exitCode = 1
  if (languages !== undefined && !isSwift(languages, tolerance)) process.exitCode = 1
  if (trainer !== undefined && !isTrained(trainer, tolerance)) process.exitCode = 1
}

async function measureRow ({ name, unit, bytes, prepare }: Row, runs: number): Promise<Result> {
  return { name, unit, bytes, times: await measure(await prepare(), runs) }
}

/** Says on standard error what is being measured: all of it takes minutes. */
async function announced<T> (name: string, work: () => Promise<T>): Promise<T> {
  process.stderr.write(`measuring ${name}\n`)
  return await work()
}
