import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareCorpus } from './corpus.ts'
import { type Arguments, WrongCall, isNamed, readArguments } from './frame/arguments.ts'
import { barsOf, barsTable, isReached } from './frame/bars.ts'
import { jsonOf } from './frame/json.ts'
import { machine } from './frame/machine.ts'
import { duration, tell } from './frame/progress.ts'
import type { Row } from './frame/row.ts'
import { measureRows, secondsOf } from './frame/rows.ts'
import { comparedTable, corporaTable, machineLine, rowsTable } from './frame/table.ts'
import { PARTS, type Part, type PartResult } from './parts.ts'
import { ROWS } from './rows/rows.ts'

const USAGE = `npm run -s bench -- [--only NAME]... [--runs N] [--compare COMMIT] [--json]

  (no option)         measures all rows, each side in fresh processes, alternately, on text that is met once
  --only NAME         measure this row or part only; may be repeated; read stands for all rows read-..., and encode
                      for the part and all rows encode-...
  --runs N            runs of each side, of which the best counts (default: 2 of rows, or 1 where the first took
                      over 1.5 s; 5 of parts)
  --compare COMMIT    build another commit and measure sluice's sides of the rows here and there, alternately
  --json              print the results as one JSON object
  --tolerance PERCENT by how much the bars of rows that are named, the bounds of encode and languages, and the speed
                      of hub and trainer may be missed before the command fails, on a machine that others use
                      (default: 0)
  --mb N              text of the rows that take the mixed corpus (default: 48); of the trainer's largest one
                      (default: 100; 0 leaves it out)
  --quick             trainer: half of the documents, one size, once; hub: 300 MB in place of 2 GB;
                      shuffle: 300 MB in place of 5 GB; tasks: 200 MB in place of 1 GB

rows:  ${ROWS.filter(({ isNamedOnly }) => isNamedOnly !== true).map(({ name }) => name).join(', ')}
rows (only where they are named): ${ROWS.filter(({ isNamedOnly }) => isNamedOnly).map(({ name }) => name).join(', ')}
parts: ${PARTS.map(({ name }) => name).join(', ')} (only where they are named)
`

const RUNS = { row: 2, part: 5 } as const
const TRAINER_MB = 100

try {
  const given = readArguments(process.argv.slice(2), [...ROWS, ...PARTS].map(({ name }) => name))
  if (given.help) process.stdout.write(USAGE)
  else await bench(given)
} catch (error) {
  if (!(error instanceof WrongCall)) throw error
  process.stderr.write(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}

async function bench (given: Arguments): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })
  process.once('SIGINT', () => { process.exit(130) })

  const parts = PARTS.filter(({ name }) => given.only.some(only => isNamed(name, only)))
  const rows = rowsOf(given.only)
  const runs = given.runs ?? RUNS.row
  const areSlowOnce = given.runs === null
  const partRuns = given.runs ?? RUNS.part
  const partSeconds = parts.reduce((sum, part) => sum + part.seconds({ ...given, runs: partRuns }), 0)
  const rowSeconds = rows.length === 0 ? 0 : secondsOf(rows, { ...given, runs, areSlowOnce })
  tell(`${[...parts, ...rows].length} parts and rows: ${duration(partSeconds + rowSeconds)} on two quiet cores`)
  const measured = await partResults(parts, given, partRuns, folder)
  const found = rows.length === 0 ? null : await measureRows(rows, { ...given, runs, areSlowOnce, folder })
  const bars = barsOf(found?.rows ?? [])
  const results = {
    machine: machine(),
    runs,
    corpora: found?.corpora ?? [],
    rows: found?.rows ?? [],
    bars,
    compared: found?.compared ?? null,
    parts: Object.fromEntries(measured.map(([name, { json }]) => [name, json])),
    skipped: found?.skipped ?? []
  }
  const reports = measured.map(([, { report }]) => report)
  if (results.corpora.length > 0) reports.push(corporaTable(results.corpora))
  if (results.rows.length > 0) reports.push(rowsTable(results.rows))
  if (bars.length > 0) reports.push(barsTable(bars))
  if (results.compared !== null) reports.push(comparedTable(results.compared))
  if (results.skipped.length > 0) reports.push(results.skipped.map(reason => `skipped: ${reason}`).join('\n'))
  const report = [machineLine(results.machine), ...reports].join('\n\n')
  process.stdout.write((given.json ? JSON.stringify(jsonOf(results), null, 2) : report) + '\n')
  const isMissed = given.only.length > 0 && bars.some(bar => !isReached(bar, given.tolerance))
  if (isMissed || measured.some(([, { isReached }]) => !isReached)) process.exitCode = 1
}

/** Those that are named; without a name all that don't have to be. */
function rowsOf (only: readonly string[]): Row[] {
  return ROWS.filter(({ name, isNamedOnly = false }) =>
    only.length === 0 ? !isNamedOnly : only.some(given => isNamed(name, given)))
}

async function partResults (
  parts: readonly Part[],
  { tolerance, quick, mb }: Arguments,
  runs: number,
  folder: string
): Promise<Array<readonly [string, PartResult]>> {
  if (parts.length === 0) return []
  const results: Array<readonly [string, PartResult]> = []
  const corpus = await prepareCorpus(folder)
  for (const { name, seconds, measure } of parts) {
    tell(`measuring ${name}: ${duration(seconds({ quick, runs }))} on two quiet cores`)
    results.push([name, await measure({ corpus, runs, tolerance, quick, megabytes: mb ?? TRAINER_MB, tell })])
  }
  return results
}
