/**
 * Mixtures of the shared texts: shares in tokens, counted anew from the shards that were written, documents of both
 * sides, and shuffles. It needs no other program; without the shared texts, the checks are skipped.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openShards } from '../../lib/shards/reader.ts'
import { documentsOf } from '../../lib/shards/shard-documents.ts'
import { mix } from '../../recipes/mixture/mix/mix.ts'
import type { MixStats } from '../../recipes/mixture/mix/stats.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import type { Checks } from './checks.ts'

const SEQ_LEN = 128
const NAMES = ['web', 'books', 'langid'] as const

interface Case {
  readonly name: string
  readonly mixture: Readonly<Record<string, unknown>>
  /** The shares that are expected, in the order of `NAMES`; null where the cap decides. */
  readonly shares: ReadonlyArray<number | null>
}

const CASES: readonly Case[] = [
  {
    name: 'half web, sequences shuffled',
    mixture: { tokens: '2M', sources: { web: 0.5, books: 0.3, langid: 0.2 }, validation: { share: 0.01 } },
    shares: [0.5, 0.3, 0.2]
  },
  {
    name: 'a cap that binds, sequences shuffled',
    mixture: { tokens: '6M', sources: { web: 0.3, books: { share: 0.6, max_epochs: 2 }, langid: 0.1 } },
    shares: [null, null, null]
  },
  {
    name: 'few books, documents shuffled',
    mixture: {
      tokens: '1.5M',
      sources: { web: 0.05, books: 0.15, langid: 0.8 },
      shuffle: 'documents',
      validation: { share: 0.05 }
    },
    shares: [0.05, 0.15, 0.8]
  }
]

export async function judgeMixtures (checks: Checks, shared: string, folder: string): Promise<void> {
  if (!existsSync(shared)) {
    checks.skip('shares of mixtures', 'the shared texts are missing')
    return
  }
  const datasets = NAMES.map(name => ({
    name,
    dataset: 'json',
    data_files: join(shared, `${name}.ndjson.gz`),
    seq_len: SEQ_LEN,
    dtype: 'uint16',
    output_dir: join(folder, 'mixed', name)
  }))
  const base = {
    stats: join(folder, 'mixed.json'), tokenizer: { path: join(shared, 'spm/unigram32k.model') }, datasets
  }
  const manifest = join(folder, 'mixed.yaml')
  writeFileSync(manifest, JSON.stringify(base))
  await processMixture(manifest, { runsDir: join(folder, 'runs'), maxLineBytes: 100_000_000 })
  const sourceOf = new Map<bigint, string>()
  for (const { name, output_dir: path } of datasets) for (const id of await idsIn(path)) sourceOf.set(id, name)
  for (const { name, mixture, shares } of CASES) {
    const output = join(folder, 'mixed', name)
    writeFileSync(manifest, JSON.stringify({ ...base, mixture: { ...mixture, output_dir: output } }))
    const stats = await mix(manifest)
    await checkShares(checks, name, stats, { output, shares, sourceOf })
    if (mixture.validation !== undefined) {
      const train = new Set(await idsIn(join(output, 'train')))
      const held = await idsIn(join(output, 'validation'))
      const both = held.filter(id => train.has(id)).length
      checks.check(`mix, ${name}: ${held.length} documents on the validation side, ${both} on both`,
        held.length > 0 && both === 0)
    }
  }
}

interface Expected {
  readonly output: string
  readonly shares: Case['shares']
  readonly sourceOf: ReadonlyMap<bigint, string>
}

async function checkShares (
  checks: Checks, name: string, { mixture, stats }: MixStats, { output, shares, sourceOf }: Expected
): Promise<void> {
  const tokens = new Map<string, number>(NAMES.map(name => [name, 0]))
  for await (const { id, ids } of documentsOf((await openShards(join(output, 'train'))).shards)) {
    const source = sourceOf.get(id)!
    tokens.set(source, tokens.get(source)! + ids.length)
  }
  const total = [...tokens.values()].reduce((sum, count) => sum + count)
  const tolerance = Math.max(0.001, SEQ_LEN / total)
  const capped = mixture.sources.some(({ max_epochs: most, epochs }) => most !== null && epochs === most)
  for (const [i, source] of NAMES.entries()) {
    const reached = tokens.get(source)! / total
    const expected = shares[i] ?? mixture.sources.find(({ name }) => name === source)!.share_reached
    checks.check(`mix, ${name}: ${source} has ${(100 * reached).toFixed(3)} % of the tokens, expected ` +
      `${(100 * expected).toFixed(3)} %`, Math.abs(reached - expected) <= tolerance)
  }
  if (shares.includes(null)) {
    const [web, , langid] = NAMES.map(source => tokens.get(source)!)
    checks.check(`mix, ${name}: the cap binds, and the other sources share the rest 3 to 1 (${web} and ${langid})`,
      capped && Math.abs(web! / langid! - 3) < 0.01)
  }
  checks.check(`mix, ${name}: ${total} tokens are in the shards, and in the stats`,
    stats[0]!.tokens - stats[0]!.tail_tokens === total)
}

async function idsIn (path: string): Promise<bigint[]> {
  const ids: bigint[] = []
  for await (const { id } of documentsOf((await openShards(path)).shards)) ids.push(id)
  return ids
}
