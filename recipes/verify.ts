import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf } from '../lib/errors.ts'
import { STANDARD_STREAM } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import type { Dtype } from '../lib/npy.ts'
import { parseOptions } from '../lib/options.ts'
import { checkWritable, refuseInputAsOutput, writeFileWhole } from '../lib/output.ts'
import { type ShardedStats, type StatsFile, readStats } from '../lib/stats.ts'
import { readTokenizerFile } from '../lib/tokenizer.ts'
import { type Finding, verifyShards } from '../lib/verify-shards.ts'
import type { RunOptions } from './flow.ts'
import { PartialError } from './partial-error.ts'
import { number, table } from './report.ts'

export const verifyOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe('SentencePiece .model file; its SHA-256 is compared with the recorded one'),
  inventory: z.string().min(1).optional().describe('where the inventory goes, as JSON (default: beside the stats, <name>.inventory.json)'),
  quick: z.boolean().default(false).describe('look at names, sizes and headers only; the data is not read')
}).describe('shards on disk against their stats; writes an inventory of what was verified')

/** A shard that was verified. */
export interface InventoryShard {
  /** From the working directory, as `output_dir` is. */
  readonly path: string
  readonly bytes: number
  readonly sequences: number
  readonly dtype: Dtype
  /** Null where the data wasn't read. */
  readonly sha256: string | null
}

export interface InventoryTotals {
  readonly shards: number
  readonly sequences: number
  /** Ids in the shards; the tail isn't in them. */
  readonly tokens: number
  readonly bytes: number
}

export interface InventoryComponent {
  readonly name: string
  readonly output_dir: string
  readonly seq_len: number
  readonly vocab_size: number
  readonly tokenizer_sha256: string
  readonly shards: readonly InventoryShard[]
  readonly totals: InventoryTotals
}

/** What `verify` leaves when all is as the stats say. */
export interface Inventory {
  /** ISO 8601. */
  readonly verified_at_utc: string
  readonly stats: string
  readonly stats_sha256: string
  /** Whether only names, sizes and headers were looked at. */
  readonly quick: boolean
  /** Whether the tokenizer was compared too. */
  readonly tokenizer_verified: boolean
  readonly components: readonly InventoryComponent[]
  readonly totals: InventoryTotals
}

/**
 * Compares shards on disk with the stats of the run that made them: which there are, sizes, headers, shapes, the range
 * of the ids, SHA-256, and sums. Each shard is read once, a megabyte at a time.
 *
 * @param statsPath what `process-mixture` or `shard-corpus` has written; its paths are relative to the working directory
 * @returns the inventory, which is in its file too
 * @throws SluiceError `ERR_STATS`, `ERR_TOKENIZER` or `ERR_OUTPUT` before anything is read; a VerifyError (`ERR_VERIFY`)
 *   with all findings of all components, and no inventory is written; `ERR_ABORTED`
 */
export async function verify (statsPath: string, options: z.input<typeof verifyOptions> = {}, { signal }: RunOptions = {}): Promise<Inventory> {
  const { tokenizerPath, inventory: asked, quick } = parseOptions('verify', verifyOptions, options)
  const stats = await readStats(statsPath)
  const inventoryPath = asked ?? inventoryPathOf(statsPath)
  const tokenizer = tokenizerPath === undefined ? undefined : { path: tokenizerPath, sha256: sha256(await readTokenizerFile(tokenizerPath)) }
  const shards = stats.components.flatMap(({ output_dir: folder, shard_files: infos }) => infos.map(({ file }) => join(folder, file))).filter(path => existsSync(path))
  await refuseInputAsOutput(inventoryPath, [statsPath, ...(tokenizerPath === undefined ? [] : [tokenizerPath]), ...shards])
  await checkWritable(inventoryPath)
  const findings: Finding[] = []
  for (const component of stats.components) {
    if (tokenizer !== undefined && tokenizer.sha256 !== component.tokenizer_sha256) {
      findings.push({ component: component.name, check: 'tokenizer', file: tokenizer.path, found: `has SHA-256 ${tokenizer.sha256}`, expected: `${component.tokenizer_sha256}, which made the shards of ${component.name}` })
    }
    findings.push(...await stoppable(component.name, signal, () => verifyShards(component, { statsPath, quick, signal })))
  }
  for (const name of stats.failed) findings.push({ component: name, check: 'missing', file: statsPath, found: `component ${name} failed when the shards were made`, expected: 'shards of all components; run it again' })
  if (findings.length > 0) {
    if (inventoryPath !== STANDARD_STREAM) await rm(inventoryPath, { force: true }) // one of an earlier day would say that all is well
    throw new VerifyError(statsPath, findings)
  }
  const inventory = inventoryOf(stats, quick, tokenizer !== undefined)
  await writeFileWhole(inventoryPath, JSON.stringify(inventory, null, 2) + '\n')
  return inventory
}

/** Shards on disk are not what their stats say; `findings` has what differs, as data. */
export class VerifyError extends PartialError {
  readonly stats: string
  readonly findings: readonly Finding[]

  constructor (stats: string, findings: readonly Finding[]) {
    const lines = findings.map(({ file, found, expected }) => `${file}: ${found}, expected ${expected}`)
    super('ERR_VERIFY', `${stats}: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}; make the shards again, or get them again from where they are whole\n${lines.join('\n')}`, { stats, findings }, { isResult: false })
    this.stats = stats
    this.findings = findings
  }
}

/** `data/mix.json` has its inventory in `data/mix.inventory.json`. */
function inventoryPathOf (statsPath: string): string {
  return statsPath.replace(/\.json$/, '') + '.inventory.json'
}

/** @throws SluiceError `ERR_ABORTED` for what Node throws when the signal fires */
async function stoppable<T> (name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (signal?.aborted === true && codeOf(cause) === 'ABORT_ERR') throw new SluiceError('ERR_ABORTED', `${name}: stopped`, { cause })
    throw cause
  }
}

/** As the stats have it: by now it is known that the shards are that. */
function inventoryOf ({ path, sha256, components }: StatsFile, quick: boolean, tokenizerVerified: boolean): Inventory {
  const listed = components.map((component): InventoryComponent => ({
    name: component.name,
    output_dir: component.output_dir,
    seq_len: component.seq_len,
    vocab_size: component.vocab_size,
    tokenizer_sha256: component.tokenizer_sha256,
    shards: component.shard_files.map(info => shardOf(component, info, quick)),
    totals: {
      shards: component.shards,
      sequences: component.sequences,
      tokens: component.sequences * component.seq_len,
      bytes: component.shard_files.reduce((sum, { bytes }) => sum + bytes, 0)
    }
  }))
  const total = (key: keyof InventoryTotals): number => listed.reduce((sum, { totals }) => sum + totals[key], 0)
  return {
    verified_at_utc: new Date().toISOString(),
    stats: path,
    stats_sha256: sha256,
    quick,
    tokenizer_verified: tokenizerVerified,
    components: listed,
    totals: { shards: total('shards'), sequences: total('sequences'), tokens: total('tokens'), bytes: total('bytes') }
  }
}

function shardOf ({ output_dir: folder, dtype }: ShardedStats, { file, bytes, sequences, sha256 }: ShardedStats['shard_files'][number], quick: boolean): InventoryShard {
  return { path: join(folder, file), bytes, sequences, dtype, sha256: quick ? null : sha256 }
}

/** The inventory for people. */
export function inventoryTable ({ components, totals, quick }: Inventory): string {
  const row = (name: string, { shards, sequences, tokens, bytes }: InventoryTotals): string[] => [name, number(shards), number(sequences), number(tokens), (bytes / 1e6).toFixed(1)]
  const rows = components.map(({ name, totals }) => row(name, totals))
  const sum = components.length > 1 ? [row('all', totals)] : []
  return [
    table([['component', 'shards', 'sequences', 'tokens', 'MB'], ...rows, ...sum]),
    '',
    quick ? 'Names, sizes and headers are as the stats say; the data was not read.' : 'The shards are what their stats say.'
  ].join('\n')
}
