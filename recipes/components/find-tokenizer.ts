import { readFile, readdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../lib/json/json.ts'
import { readCheckpoint } from '../../lib/output/checkpoint.ts'
import { readTokenizerFile } from '../../lib/tokenizer/files.ts'
import { checkpointIn } from './paths.ts'

/** What is known about the tokenizer that made some shards. */
export interface FoundTokenizer {
  /** Null if the file is missing or has changed: see `why`. */
  readonly path: string | null
  /** The expected hash of the file, if it is known. */
  readonly sha256: string | null
  /** The id of the EOS token, if it is known. */
  readonly eosId: number | null
  /** The file that names the tokenizer; null if there is none. */
  readonly from: string | null
  readonly why: string
}

/** What a checkpoint or a stats file records about a tokenizer. */
interface Origin {
  readonly from: string
  readonly outputDir: string | undefined
  readonly path: string | undefined
  readonly sha256: string
  readonly eosId: number | undefined
}

/** Limits of the search for stats: their folder may hold many other files, and a larger file is not a stats file. */
const MAX_FILES = 100
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Finds the tokenizer of shards: by the checkpoint in their folder, or by stats in that folder, in the two folders
 * above, or in the default folder for stats.
 */
export async function findTokenizer (folder: string): Promise<FoundTokenizer> {
  const origins: Origin[] = [...await inCheckpoint(folder), ...await inStats(folder)]
  const first = origins[0]
  if (first === undefined) {
    const why = 'neither a checkpoint nor stats next to the shards name the tokenizer that made them'
    return { path: null, sha256: null, eosId: null, from: null, why }
  }
  const known = { sha256: first.sha256, eosId: first.eosId ?? null }
  let why = `${first.from} has no path of the tokenizer`
  for (const origin of origins.filter(({ sha256 }) => sha256 === first.sha256)) {
    for (const path of placesOf(origin, folder)) {
      const hash = await readTokenizerFile(path).then(({ sha256 }) => sha256, () => null)
      if (hash === origin.sha256) return { path, ...known, from: origin.from, why: '' }
      const found = hash === null ? 'cannot be read' : `has changed: it has SHA-256 ${hash}, expected ${origin.sha256}`
      why = `${path}, the tokenizer that ${origin.from} names, ${found}`
    }
  }
  return { path: null, ...known, from: first.from, why }
}

/**
 * Where the tokenizer may be. Its path is relative to the working directory of the run that made the shards. If that
 * isn't the current directory, it is derived from the recorded path of the output folder.
 */
function placesOf ({ path, outputDir }: Origin, folder: string): string[] {
  if (path === undefined) return []
  const end = outputDir === undefined || isAbsolute(outputDir) ? undefined : join(sep, outputDir).replace(/\/$/, '')
  const root = end !== undefined && resolve(folder).endsWith(end) ? resolve(folder).slice(0, -end.length) : ''
  return isAbsolute(path) || root === '' || resolve(root) === resolve('.') ? [path] : [join(root, path), path]
}

const result = z.object({ output_dir: z.string().optional(), tokenizer_path: z.string().optional() })
const checkpoint = z.object({
  settings: z.object({ tokenizer_sha256: z.string(), eos_id: z.int().optional() }),
  finished: z.object({ result }).nullish().catch(null)
})

async function inCheckpoint (folder: string): Promise<Origin[]> {
  const from = checkpointIn(folder)
  const { data } = checkpoint.safeParse(await readCheckpoint(from).catch(() => null))
  if (data === undefined) return []
  const { settings: { tokenizer_sha256: sha256, eos_id: eosId }, finished } = data
  return [{ from, sha256, eosId, path: finished?.result.tokenizer_path, outputDir: finished?.result.output_dir }]
}

const component = z.object({
  output_dir: z.string(),
  tokenizer_sha256: z.string(),
  tokenizer_path: z.string().optional(),
  eos_id: z.int().optional()
})
const mixture = z.object({ stats: z.array(component), tokenizer: z.object({ path: z.string() }).optional() })

async function inStats (folder: string): Promise<Origin[]> {
  const above = dirname(resolve(folder))
  const found: Origin[] = []
  for (const place of new Set([resolve(folder), above, dirname(above), resolve('data/mixtures')])) {
    const names = await readdir(place).catch(() => [])
    const stats = names.filter(name => name.endsWith('.json') && name !== 'checkpoint.json').sort()
    for (const name of stats.slice(0, MAX_FILES)) found.push(...await inStatsFile(join(place, name), folder))
  }
  return found
}

async function inStatsFile (from: string, folder: string): Promise<Origin[]> {
  const { size = Infinity } = await stat(from).catch(() => ({ size: undefined }))
  if (size > MAX_BYTES) return []
  const content = parseJson(await readFile(from, 'utf8').catch(() => ''))
  const isMixture = typeof content === 'object' && content !== null && 'stats' in content
  const { data } = mixture.safeParse(isMixture ? content : { stats: [content] })
  const isOwn = (output: string): boolean =>
    resolve(output) === resolve(folder) || resolve(folder).endsWith(join(sep, output))
  return (data?.stats ?? []).filter(({ output_dir: output }) => isOwn(output)).map(own => ({
    from,
    outputDir: own.output_dir,
    sha256: own.tokenizer_sha256,
    eosId: own.eos_id,
    path: data?.tokenizer?.path ?? own.tokenizer_path
  }))
}
