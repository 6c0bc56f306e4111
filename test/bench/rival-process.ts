/**
 * `rival-process.js MANIFEST TOKENIZER FOLDER`: shards of a mixture, as `process-mixture` makes them with its defaults,
 * its stats in FOLDER. Prints one JSON object: the `seconds` and `cpu_seconds` of the work; what is loaded before it
 * (the modules, the tokenizer) isn't counted, as in rivals.py. Threads start with the work.
 */
import { join } from 'node:path'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { processMixture } from '../../recipes/process-mixture.ts'

const [manifest, tokenizerPath, folder] = process.argv.slice(2) as [string, string, string]
const tokenizer = await loadTokenizer(tokenizerPath)
const started = performance.now()
const before = process.cpuUsage()
await processMixture(
  manifest, { tokenizerPath, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs') }, { tokenizer }
)
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, cpu_seconds: (user + system) / 1e6 }))
