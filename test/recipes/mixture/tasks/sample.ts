import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { plan } from '../../../../recipes/mixture/tasks/plan.ts'
import { task } from '../../../../recipes/mixture/tasks/task.ts'
import { parquetSink } from '../../../../sinks/parquet.ts'
import { contentIn, doc, fixture, put } from '../../../helpers.ts'
import { randomNumbers } from '../../../shuffles.ts'

/** A manifest's component, as YAML has it. */
export type Dataset = Readonly<Record<string, unknown> & { readonly name: string }>

/** Records of JSON: documents with and without ids, duplicates, blank lines and bad records. */
export function jsonLines (count: number, seed: number): string {
  const below = randomNumbers(seed)
  return Array.from({ length: count }, (_, i) => {
    const kind = below(60)
    if (kind === 0) return '{"text": "not closed'
    if (kind === 1) return ''
    const text = kind < 10 ? `copy ${below(9)} of the same words` : words(below, 4 + below(30))
    return JSON.stringify(kind < 30 ? { id: `d${i}`, text } : { text, number: i })
  }).join('\n') + '\n'
}

export function words (below: (limit: number) => number, count: number): string {
  return Array.from({ length: count }, () => `word${below(300)}`).join(' ')
}

/** Files of every kind that a plan divides in another way. */
export async function writeInputs (folder: string): Promise<void> {
  const below = randomNumbers(7)
  put(folder, 'a.ndjson', jsonLines(220, 1))
  put(folder, 'b.ndjson', jsonLines(60, 2).trimEnd()) // no line break at its end
  put(folder, 'c.ndjson.gz', gzipSync(jsonLines(80, 3)))
  put(folder, 'list.json', JSON.stringify(Array.from({ length: 40 }, (_, i) => ({ id: i, text: words(below, 12) }))))
  put(folder, 'lines.txt', Array.from({ length: 150 }, (_, i) => `${i} ${words(below, 6)}`).join('\r\n'))
  put(folder, 'rows.csv', `id,text\n${Array.from({ length: 50 }, (_, i) => `${i},"${words(below, 8)}"`).join('\n')}\n`)
  const documents = Array.from({ length: 200 }, (_, i) => doc(`p${i}`, words(below, 10)))
  await pipeline(Readable.from(documents), parquetSink(join(folder, 'rows.parquet')))
}

/** Writes a manifest whose outputs are below a folder, and returns its path. @param more other keys */
export function manifestIn (folder: string, datasets: readonly Dataset[], more: object = {}): string {
  return put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    tokenizer: { path: fixture('tiny.model') },
    ...more,
    datasets: datasets.map(dataset => ({ output_dir: join(folder, 'shards', dataset.name), ...dataset }))
  }))
}

/** How a manifest is divided. */
export interface Division {
  readonly unitBytes: number
  readonly world: number
}

/** Options that `process-mixture` has, too. */
interface Shared {
  readonly runsDir: string
  readonly maxBad?: string
}

/** Plans a manifest and runs all tasks in order, the last one of each phase first. @returns the path of the plan */
export async function runTasks (manifest: string, { unitBytes, world }: Division, options: Shared): Promise<string> {
  const made = await plan(manifest, { unitBytes, ...options })
  for (const phase of ['map', 'decide', 'pack'] as const) {
    for (let rank = world - 1; rank >= 0; rank--) await task(made.plan, { phase, rank, world })
  }
  await task(made.plan, { phase: 'finish' })
  return made.plan
}

/** What a run has left below a folder: files, and stats without what differs between two runs. */
export function resultIn (folder: string): Record<string, unknown> {
  const files = Object.entries(contentIn(folder)).filter(([name]) => /^(?:shards|kept|rejects)\b/.test(name))
  const stats = readFileSync(join(folder, 'stats.json'), 'utf8').replaceAll(folder, 'FOLDER')
  return { ...Object.fromEntries(files), stats: withoutSeconds(JSON.parse(stats)) }
}

function withoutSeconds (stats: unknown): unknown {
  return JSON.parse(JSON.stringify(stats, (key, value: unknown) => {
    return ['seconds', 'manifest', 'manifest_sha256'].includes(key) ? undefined : value
  }))
}
