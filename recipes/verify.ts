import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { STANDARD_STREAM } from '../lib/bytes.ts'
import { PartialError, SluiceError, allInOrder } from '../lib/errors.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/open.ts'
import { writing } from '../lib/output/output.ts'
import { refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { type StatsFile, readStats } from '../lib/shards/stats.ts'
import { readTokenizerFile } from '../lib/tokenizer/files.ts'
import { usableCores } from '../lib/threads/cores.ts'
import { writeVerifiedDates } from '../lib/verify/dates.ts'
import { DuplicateCounter, type Duplicates } from '../lib/verify/duplicates.ts'
import { ShardVerifier } from '../lib/verify/shard-verifier.ts'
import { type Finding, verifyShards } from '../lib/verify/shards.ts'
import type { RunOptions } from './flow/flow.ts'
import { WORKERS_DEFAULT } from './flow/workers/threads.ts'
import { type Inventory, INVENTORY, inventoryOf } from './inventory/inventory.ts'
import {
  findingsSection, inventoryPagePath, inventorySection, readInventoryPage, writeSection
} from './inventory/page.ts'
import { takeoverOption } from './jobs/checkpoints.ts'
import { checkOutputs, refuseAmongShards } from './jobs/places.ts'

const TOKENIZER_HELP = 'tokenizer whose SHA-256 is compared with the recorded one'
const PAGE_HELP = 'Markdown file for the inventory; sections of other stats in it are kept (default: ' +
  'logs/data_inventory_YYYY-MM-DD.md, by the date in UTC)'
const JSON_HELP = 'JSON file for the inventory (default: next to the stats, <name>.inventory.json)'
const WORKERS_HELP = `threads that verify shards, including the main thread ${WORKERS_DEFAULT}`
const QUICK_HELP = 'check names, sizes and headers only, without reading the data or writing verified_at_utc'

export const verifyOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe(TOKENIZER_HELP),
  inventory: z.string().regex(/^-$|\.md$/, 'expected the name of a .md file, or -').optional().describe(PAGE_HELP),
  inventoryJson: z.string().min(1).optional().describe(JSON_HELP),
  workers: positive.optional().describe(WORKERS_HELP),
  quick: z.boolean().default(false).describe(QUICK_HELP),
  takeover: takeoverOption
}).describe('compares shards on disk with their stats; writes verified_at_utc to the stats, and an inventory')

/** Fewer bytes than this are verified faster without threads. */
const FEW_BYTES = 8e6

/**
 * Compares shards on disk with the stats of the run that made them: names, sizes, headers, shapes, the range of the
 * ids, SHA-256 and sums. Counts the documents that components have in common. Each shard is read once, a megabyte at
 * a time, on all cores.
 *
 * `verified_at_utc` is written to the stats, and there to each component without findings. If there are findings, an
 * earlier date is removed.
 *
 * @param statsPath the stats file of `process-mixture` or `shard-corpus`; its paths are relative to the working
 *   directory
 * @returns the inventory, which is also written to its files
 * @throws SluiceError `ERR_STATS`, `ERR_TOKENIZER`, `ERR_OPTION`, `ERR_OUTPUT_EXISTS` or `ERR_OUTPUT` before anything
 *   is read; a VerifyError (`ERR_VERIFY`) with all findings of all components, which are also in the Markdown
 *   inventory, while the JSON inventory is removed; a PartialError (`ERR_OUTPUT`) with the inventory when the stats
 *   can't be written, or have changed; `ERR_OUTPUT` when a temporary file can't be written; `ERR_ABORTED`
 */
export async function verify (
  statsPath: string, options: z.input<typeof verifyOptions> = {}, run: RunOptions = {}
): Promise<Inventory> {
  return await verifyParsed(statsPath, parseOptions('verify', verifyOptions, options), run)
}

/** Like `verify`, with parsed options. */
export async function verifyParsed (
  statsPath: string, options: z.output<typeof verifyOptions>, { signal, tell }: RunOptions
): Promise<Inventory> {
  const { tokenizerPath, quick, workers, takeover, ...asked } = options
  const utc = new Date().toISOString()
  const stats = await readStats(statsPath)
  const { pagePath, jsonPath } = inventoriesOf(statsPath, asked, utc)
  const tokenizer = tokenizerPath === undefined ? undefined : await tokenizerHash(tokenizerPath)
  checkPlaces(stats, pagePath, jsonPath, tokenizerPath)
  await checkInventories(statsPath, asked, stats.components.map(({ output_dir: folder }) => folder))
  await checkWritable(pagePath)
  await checkWritable(jsonPath)

  const { found, duplicates } = await verifiedBy(stats, { quick, workers, signal })
  stats.components.forEach((component, i) => {
    const other = tokenizer === undefined ? null : otherTokenizer(component, tokenizer)
    if (other !== null) found[i]!.unshift(other)
  })
  const findings = [...found.flat(), ...stats.failed.map(name => failedFinding(statsPath, name))]

  const unwritten: string[] = [] // errors after the verification; its result is kept
  const kept = async <T>(work: () => Promise<T>): Promise<T | undefined> => await work().catch((error: unknown) => {
    if (!(error instanceof SluiceError)) throw error
    unwritten.push(error.message)
    return undefined
  })
  const date = quick ? undefined : utc
  const dates = {
    whole: findings.length > 0 ? null : date,
    components: found.map(({ length }) => length > 0 ? null : date)
  }
  const statsSha256 = await kept(() => writeVerifiedDates(stats, dates, { takeover, tell, signal })) ?? stats.sha256
  if (findings.length > 0) {
    const verified = stats.components.filter((_, i) => found[i]!.length === 0).map(({ name }) => name)
    const section = findingsSection({ stats: statsPath, statsSha256, utc, findings, verified })
    await kept(() => writeSection(pagePath, section))
    // An earlier inventory would claim that there are no findings.
    if (jsonPath !== STANDARD_STREAM) await kept(() => writing(jsonPath, () => rm(jsonPath, { force: true })))
    throw new VerifyError(statsPath, findings, unwritten)
  }
  const inventory = inventoryOf(stats, {
    verified_at_utc: utc,
    stats_sha256: statsSha256,
    quick,
    tokenizer_verified: tokenizer !== undefined,
    duplicates
  })
  await kept(() => writeSection(pagePath, inventorySection(inventory)))
  await kept(() => writeOwn(jsonPath, JSON.stringify(inventory, null, 2) + '\n', INVENTORY))
  if (unwritten.length > 0) throw new PartialError('ERR_OUTPUT', unwritten.join('\n'), inventory, { isResult: true })
  return inventory
}

interface HashedTokenizer {
  readonly path: string
  readonly sha256: string
}

async function tokenizerHash (path: string): Promise<HashedTokenizer> {
  const { sha256 } = await readTokenizerFile(path)
  return { path, sha256 }
}

/** A finding if a component's shards were made with another tokenizer; otherwise null. */
function otherTokenizer (
  { name, tokenizer_sha256: expected }: StatsFile['components'][number], { path, sha256 }: HashedTokenizer
): Finding | null {
  if (sha256 === expected) return null
  return {
    component: name,
    check: 'tokenizer',
    file: path,
    found: `has SHA-256 ${sha256}`,
    expected: `${expected}, which made the shards of ${name}`
  }
}

function failedFinding (statsPath: string, name: string): Finding {
  return {
    component: name,
    check: 'missing',
    file: statsPath,
    found: `component ${name} failed when the shards were made`,
    expected: 'shards of all components; run it again'
  }
}

type Inventories = Pick<z.input<typeof verifyOptions>, 'inventory' | 'inventoryJson'>

interface InventoryPaths {
  readonly pagePath: string
  readonly jsonPath: string
}

/** The paths of the inventories. */
function inventoriesOf (statsPath: string, { inventory, inventoryJson }: Inventories, utc: string): InventoryPaths {
  return { pagePath: inventory ?? inventoryPagePath(utc), jsonPath: inventoryJson ?? inventoryPathOf(statsPath) }
}

/**
 * Checks the paths of the inventories. The shards need not exist yet.
 *
 * @param shards folders of shards, which may contain no other file
 * @throws SluiceError `ERR_OPTION`; `ERR_OUTPUT_EXISTS` when an inventory would replace a file of another kind
 */
export async function checkInventories (
  statsPath: string, asked: Inventories, shards: readonly string[]
): Promise<void> {
  const { pagePath, jsonPath } = inventoriesOf(statsPath, asked, new Date().toISOString())
  checkOutputs([statsPath, pagePath, jsonPath], [])
  refuseAmongShards([asked.inventory, asked.inventoryJson].filter(path => path !== undefined), shards)
  await refuseForeign(jsonPath, INVENTORY)
  await readInventoryPage(pagePath)
}

const BOTH_PRINTED = 'verify: inventory and inventoryJson are both standard output, expected one of them at most'

/** Checks all paths first, because reading may take hours. */
function checkPlaces (
  { path, components }: StatsFile, pagePath: string, jsonPath: string, tokenizerPath: string | undefined
): void {
  if (pagePath === STANDARD_STREAM && jsonPath === STANDARD_STREAM) throw new SluiceError('ERR_OPTION', BOTH_PRINTED)
  const shards = components.flatMap(({ output_dir: folder, shard_files: infos }) => {
    return infos.map(({ file }) => join(folder, file))
  }).filter(path => existsSync(path))
  checkOutputs([pagePath, jsonPath], [path, ...(tokenizerPath === undefined ? [] : [tokenizerPath]), ...shards])
}

interface Verifying {
  readonly quick: boolean
  readonly workers: number | undefined
  readonly signal: AbortSignal | undefined
}

interface Verified {
  /** The findings of each component. */
  readonly found: Finding[][]
  /** Null if the data wasn't read, or if there are findings. */
  readonly duplicates: Duplicates | null
}

async function verifiedBy (stats: StatsFile, options: Verifying): Promise<Verified> {
  const counter = new DuplicateCounter(stats.components, { signal: options.signal })
  try {
    const found = await findingsOf(stats, counter, options)
    const isCounted = !options.quick && found.every(({ length }) => length === 0)
    return { found, duplicates: isCounted ? await counter.result() : null }
  } finally {
    await counter.close()
  }
}

/** The findings of each component. */
async function findingsOf (
  { path, components }: StatsFile, counter: DuplicateCounter, { quick, workers, signal }: Verifying
): Promise<Finding[][]> {
  const shards = components.flatMap(({ shard_files: infos }) => infos)
  const isLittle = quick || shards.reduce((sum, { bytes }) => sum + bytes, 0) < FEW_BYTES
  const count = Math.min(workers ?? usableCores(), shards.length)
  const verifier = new ShardVerifier({ workers: isLittle ? 1 : count, signal })
  try {
    return await allInOrder(components.map((component, i) => verifyShards(component, {
      statsPath: path,
      quick,
      signal,
      verifier,
      onDocuments: documents => counter.add(i, documents)
    })))
  } finally {
    await verifier.close()
  }
}

/** Shards on disk differ from their stats; `findings` has the differences as data. */
export class VerifyError extends PartialError {
  readonly stats: string
  readonly findings: readonly Finding[]

  /** @param unwritten the error that occurred when the findings were written */
  constructor (stats: string, findings: readonly Finding[], unwritten: readonly string[] = []) {
    const lines = findings.map(({ file, found, expected }) => `${file}: ${found}, expected ${expected}`)
    const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`
    const message = `${stats}: ${count}; make the shards again, or copy them again from where they are complete`
    super('ERR_VERIFY', [message, ...lines, ...unwritten].join('\n'), { stats, findings }, { isResult: false })
    this.stats = stats
    this.findings = findings
  }
}

/** The inventory of `data/mix.json` is `data/mix.inventory.json`. */
function inventoryPathOf (statsPath: string): string {
  return statsPath.replace(/\.json$/, '') + '.inventory.json'
}
