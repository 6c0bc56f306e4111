import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { STANDARD_STREAM } from '../lib/bytes.ts'
import { PartialError, SluiceError } from '../lib/errors.ts'
import { sha256 } from '../lib/hash.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/open.ts'
import { writing } from '../lib/output/output.ts'
import { refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { type StatsFile, readStats } from '../lib/shards/stats.ts'
import { readTokenizerFile } from '../lib/tokenizer/tokenizer.ts'
import { writeVerifiedDates } from '../lib/verify/dates.ts'
import { DuplicateCounter } from '../lib/verify/duplicates.ts'
import { ShardVerifier } from '../lib/verify/shard-verifier.ts'
import { type Finding, verifyShards } from '../lib/verify/shards.ts'
import type { RunOptions } from './flow/flow.ts'
import { type Inventory, INVENTORY, inventoryOf } from './inventory/inventory.ts'
import {
  findingsSection, inventoryPagePath, inventorySection, readInventoryPage, writeSection
} from './inventory/page.ts'
import { checkOutputs, refuseAmongShards } from './jobs/places.ts'

export const verifyOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe('SentencePiece .model file; its SHA-256 is compared with the recorded one'),
  inventory: z.string().regex(/^-$|\.md$/, 'expected the name of a .md file, or -').optional().describe('where the inventory for people goes, as Markdown; the sections of other stats in it are kept (default: logs/data_inventory_YYYY-MM-DD.md, by the date in UTC)'),
  inventoryJson: z.string().min(1).optional().describe('where the inventory for programs goes, as JSON (default: beside the stats, <name>.inventory.json)'),
  workers: positive.optional().describe('threads that verify shards; 1: none but the main one, as always for less than 8 MB (default: as many as there are cores)'),
  quick: z.boolean().default(false).describe('look at names, sizes and headers only; the data is not read, and no verified_at_utc written')
}).describe('shards on disk against their stats; writes verified_at_utc into these, and an inventory')

/** Less is read sooner than threads are started. */
const FEW_BYTES = 8e6

/**
 * Compares shards on disk with the stats of the run that made them: which there are, sizes, headers, shapes, the range
 * of the ids, SHA-256, and sums; and counts the documents that components have in common. Each shard is read once, a
 * megabyte at a time, on all cores.
 *
 * `verified_at_utc` is written into the stats, and into each component there that has no findings; where there are
 * some, an earlier date is taken away.
 *
 * @param statsPath what `process-mixture` or `shard-corpus` has written; its paths are relative to the working
 *   directory
 * @returns the inventory, which is in its files too
 * @throws SluiceError `ERR_STATS`, `ERR_TOKENIZER`, `ERR_OPTION`, `ERR_OUTPUT_EXISTS` or `ERR_OUTPUT` before anything
 *   is read; a VerifyError (`ERR_VERIFY`) with all findings of all components, which are in the inventory for people,
 *   while there is none for programs; a PartialError (`ERR_OUTPUT`) with the inventory where the stats can't be
 *   written, or have changed; `ERR_ABORTED`
 */
export async function verify (statsPath: string, options: z.input<typeof verifyOptions> = {}, { signal }: RunOptions = {}): Promise<Inventory> {
  const { tokenizerPath, quick, workers, ...asked } = parseOptions('verify', verifyOptions, options)
  const utc = new Date().toISOString()
  const stats = await readStats(statsPath)
  const { pagePath, jsonPath } = inventoriesOf(statsPath, asked, utc)
  const tokenizer = tokenizerPath === undefined ? undefined : { path: tokenizerPath, sha256: sha256(await readTokenizerFile(tokenizerPath)) }
  await checkPlaces(stats, pagePath, jsonPath, tokenizerPath)
  await checkInventories(statsPath, asked, stats.components.map(({ output_dir: folder }) => folder))
  await checkWritable(pagePath)
  await checkWritable(jsonPath)

  const counter = new DuplicateCounter(stats.components)
  const found = await findingsOf(stats, counter, { quick, workers, signal })
  stats.components.forEach((component, i) => {
    if (tokenizer === undefined || tokenizer.sha256 === component.tokenizer_sha256) return
    found[i]!.unshift({ component: component.name, check: 'tokenizer', file: tokenizer.path, found: `has SHA-256 ${tokenizer.sha256}`, expected: `${component.tokenizer_sha256}, which made the shards of ${component.name}` })
  })
  const failed = stats.failed.map((name): Finding => ({ component: name, check: 'missing', file: statsPath, found: `component ${name} failed when the shards were made`, expected: 'shards of all components; run it again' }))
  const findings = [...found.flat(), ...failed]

  const unwritten: string[] = [] // what went wrong behind the verification, which isn't lost by it
  const kept = async <T>(work: () => Promise<T>): Promise<T | undefined> => await work().catch((error: unknown) => {
    if (!(error instanceof SluiceError)) throw error
    unwritten.push(error.message)
    return undefined
  })
  const date = quick ? undefined : utc
  const statsSha256 = await kept(() => writeVerifiedDates(stats, { whole: findings.length > 0 ? null : date, components: found.map(({ length }) => length > 0 ? null : date) })) ?? stats.sha256
  if (findings.length > 0) {
    const verified = stats.components.filter((_, i) => found[i]!.length === 0).map(({ name }) => name)
    await kept(() => writeSection(pagePath, findingsSection({ stats: statsPath, statsSha256, utc, findings, verified })))
    // One of an earlier day would say that all is well.
    if (jsonPath !== STANDARD_STREAM) await kept(() => writing(jsonPath, () => rm(jsonPath, { force: true })))
    throw new VerifyError(statsPath, findings, unwritten)
  }
  const inventory = inventoryOf(stats, { verified_at_utc: utc, stats_sha256: statsSha256, quick, tokenizer_verified: tokenizer !== undefined, duplicates: quick ? null : counter.result() })
  await kept(() => writeSection(pagePath, inventorySection(inventory)))
  await kept(() => writeOwn(jsonPath, JSON.stringify(inventory, null, 2) + '\n', INVENTORY))
  if (unwritten.length > 0) throw new PartialError('ERR_OUTPUT', unwritten.join('\n'), inventory, { isResult: true })
  return inventory
}

type Inventories = Pick<z.input<typeof verifyOptions>, 'inventory' | 'inventoryJson'>

/** Where the inventories go. */
function inventoriesOf (statsPath: string, { inventory, inventoryJson }: Inventories, utc: string): { readonly pagePath: string, readonly jsonPath: string } {
  return { pagePath: inventory ?? inventoryPagePath(utc), jsonPath: inventoryJson ?? inventoryPathOf(statsPath) }
}

/**
 * Looks at where the inventories go, which can be done before there are shards.
 *
 * @param shards folders of shards, where no file that is named may be
 * @throws SluiceError `ERR_OPTION`; `ERR_OUTPUT_EXISTS` where one would replace a file of another kind
 */
export async function checkInventories (statsPath: string, asked: Inventories, shards: readonly string[]): Promise<void> {
  const { pagePath, jsonPath } = inventoriesOf(statsPath, asked, new Date().toISOString())
  await checkOutputs([statsPath, pagePath, jsonPath], [])
  await refuseAmongShards([asked.inventory, asked.inventoryJson].filter(path => path !== undefined), shards)
  await refuseForeign(jsonPath, INVENTORY)
  await readInventoryPage(pagePath)
}

/** Known before hours of reading. */
async function checkPlaces ({ path, components }: StatsFile, pagePath: string, jsonPath: string, tokenizerPath: string | undefined): Promise<void> {
  if (pagePath === STANDARD_STREAM && jsonPath === STANDARD_STREAM) throw new SluiceError('ERR_OPTION', 'verify: inventory and inventoryJson are both standard output, expected one of them at most')
  const shards = components.flatMap(({ output_dir: folder, shard_files: infos }) => infos.map(({ file }) => join(folder, file))).filter(path => existsSync(path))
  await checkOutputs([pagePath, jsonPath], [path, ...(tokenizerPath === undefined ? [] : [tokenizerPath]), ...shards])
}

/** What is found in each component. */
async function findingsOf ({ path, components }: StatsFile, counter: DuplicateCounter, { quick, workers, signal }: { readonly quick: boolean, readonly workers: number | undefined, readonly signal: AbortSignal | undefined }): Promise<Finding[][]> {
  const shards = components.flatMap(({ shard_files: infos }) => infos)
  const isLittle = quick || shards.reduce((sum, { bytes }) => sum + bytes, 0) < FEW_BYTES
  const verifier = new ShardVerifier({ workers: isLittle ? 1 : Math.min(workers ?? availableParallelism(), shards.length), signal })
  try {
    return await Promise.all(components.map((component, i) => verifyShards(component, {
      statsPath: path,
      quick,
      signal,
      verifier,
      onDocuments: documents => { counter.add(i, documents) }
    })))
  } finally {
    await verifier.close()
  }
}

/** Shards on disk are not what their stats say; `findings` has what differs, as data. */
export class VerifyError extends PartialError {
  readonly stats: string
  readonly findings: readonly Finding[]

  /** @param unwritten what went wrong when the findings were written down */
  constructor (stats: string, findings: readonly Finding[], unwritten: readonly string[] = []) {
    const lines = findings.map(({ file, found, expected }) => `${file}: ${found}, expected ${expected}`)
    super('ERR_VERIFY', `${stats}: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}; make the shards again, or get them again from where they are whole\n${[...lines, ...unwritten].join('\n')}`, { stats, findings }, { isResult: false })
    this.stats = stats
    this.findings = findings
  }
}

/** `data/mix.json` has its inventory in `data/mix.inventory.json`. */
function inventoryPathOf (statsPath: string): string {
  return statsPath.replace(/\.json$/, '') + '.inventory.json'
}
