/**
 * Reads damaged files of every format, and fails on a crash, a hang or a silent loss; encodes hostile texts with models
 * of every kind, and fails where SentencePiece has other ids, or where the kernel of byte-level BPE has other ids than
 * its plain path: `npm run fuzz`, 20,000 a format, and 2,000 texts a model.
 * `npm run fuzz -- --runs 1000000 --format parquet --seed 5` for more of one; texts are the formats `encode` and `bpe`,
 * of which there is one for ten runs. A seed that is printed makes the file, or the texts, again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FUZZED_BPE, fuzzBpe } from '../bpe-fuzz.ts'
import { fuzzEncoding, fuzzedModels } from '../encode-fuzz.ts'
import { Random, fuzzOnce, targets } from '../fuzz.ts'
import { fuzzJson } from '../json-fuzz.ts'
import { Checks } from './checks.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '0' },
    format: { type: 'string' }
  }
})
const folder = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'))
const checks = new Checks()
try {
  for (const [name, target] of Object.entries(await targets())) {
    if (values.format !== undefined && values.format !== name) continue
    const started = performance.now()
    let [wrong, slowest] = [0, 0]
    for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.runs); seed++) {
      const began = performance.now()
      const found = await fuzzOnce(target, new Random(seed * 7919 + 1), folder)
      slowest = Math.max(slowest, performance.now() - began)
      if (found === null) continue
      wrong++
      if (wrong <= 10) console.log(`${name}, --seed ${seed}: ${found}`)
    }
    checks.check(`${name}: ${values.runs} damaged files in ${((performance.now() - started) / 1000).toFixed(0)} s, ` +
      `the slowest in ${slowest.toFixed(0)} ms; ${wrong} wrong`, wrong === 0)
  }
  if (values.format === undefined || values.format === 'joined') {
    let wrong = 0
    for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.runs); seed++) {
      const found = await fuzzJson(new Random(seed * 7919 + 1), folder)
      if (found !== null && ++wrong <= 10) console.log(`joined, --seed ${seed}: ${found}`)
    }
    checks.check(`joined: ${values.runs} files of JSON put together by hand, ` +
      `read whole and from every position on; ${wrong} wrong`, wrong === 0)
  }
  if (values.format === undefined || values.format === 'encode') {
    for (const model of await fuzzedModels(folder)) {
      const [seed, runs] = [Number(values.seed), Math.ceil(Number(values.runs) / 10)]
      const started = performance.now()
      const found = fuzzEncoding(model, seed, runs)
      if (found !== null) console.log(found)
      checks.check(`encode, ${model.name}: ${runs} texts in ${((performance.now() - started) / 1000).toFixed(0)} ` +
        's, as SentencePiece has them', found === null)
    }
  }
  if (values.format === undefined || values.format === 'bpe') {
    for (const name of FUZZED_BPE) {
      const [seed, runs] = [Number(values.seed), Math.ceil(Number(values.runs) / 10)]
      const started = performance.now()
      const found = fuzzBpe(name, seed, runs)
      if (found !== null) console.log(found)
      checks.check(`bpe, ${name}: ${runs} texts in ${((performance.now() - started) / 1000).toFixed(0)} ` +
        's, as the plain path has them', found === null)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = checks.end()
