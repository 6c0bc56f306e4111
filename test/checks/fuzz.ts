/**
 * Reads damaged files of every format, and fails on a crash, a hang or a silent loss. Encodes malicious texts with
 * models of every kind, and fails if SentencePiece has other ids, or a kernel other ids than its plain path:
 * `npm run fuzz`, 20,000 files a format, and 2,000 texts a model.
 *
 * `npm run fuzz -- --format parquet --runs 1000000 --seed 5` runs more of one format. The texts are the formats
 * `encode`, `unigram`, `bpe` and `pieces`, with one text for ten runs. With `--minutes 60`, each format is run for an
 * hour, in rounds of `--runs`. Each round prints its seed, which makes the same files, or the same texts, again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Checks } from './checks.ts'
import { type Kind, fuzzKinds } from './fuzz-kinds.ts'

const SHOWN = 10

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string', default: '0' },
    format: { type: 'string' }
  }
})
const [runs, minutes, first] = [values.runs, values.minutes, values.seed].map(Number) as [number, number, number]
const kinds = (await fuzzKinds()).filter(({ name }) => values.format === undefined || values.format === name)
if (kinds.length === 0 || !(runs >= 1 && minutes >= 0 && Number.isInteger(first))) {
  const names = (await fuzzKinds()).map(({ name }) => `'${name}'`).join(', ')
  throw new Error(`expected --runs, --minutes and --seed to be numbers, and --format to be one of ${names}`)
}
const folder = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'))
const checks = new Checks()
try {
  for (const kind of kinds) await fuzz(kind)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = checks.end()

/** One round, and more until the time is over. */
async function fuzz (kind: Kind): Promise<void> {
  const end = performance.now() + 60_000 * minutes
  const inputs = Math.ceil(runs / kind.every)
  for (let seed = first; seed === first || performance.now() < end; seed += runs) {
    await round(kind, seed, inputs)
  }
}

async function round (kind: Kind, seed: number, inputs: number): Promise<void> {
  let started = performance.now()
  for await (const { name, wrong } of kind.fuzz(seed, inputs, folder)) {
    for (const found of wrong.slice(0, SHOWN)) console.log(found)
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    checks.check(`${name}: ${inputs} inputs of --seed ${seed} in ${seconds} s, ${wrong.length} wrong`,
      wrong.length === 0)
    started = performance.now()
  }
}
