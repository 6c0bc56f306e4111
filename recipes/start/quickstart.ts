import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Document } from '../../lib/document.ts'
import { SluiceError } from '../../lib/errors.ts'
import { LicenseCounts } from '../../lib/licenses/counts.ts'
import { refuseForeign, writeOwn } from '../../lib/output/own-file.ts'
import { packageRoot } from '../../lib/package.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'
import { type RunOptions, runStreams } from '../flow/flow.ts'
import type { MixtureStats } from '../mixture/stats.ts'
import { processMixture } from '../process-mixture.ts'
import { LICENSES, licensesPage } from '../provenance/licenses-page.ts'
import { trainTokenizer } from '../train-tokenizer.ts'
import { calledAs } from './called-as.ts'

export const quickstartOptions = z.strictObject({}).describe('a whole run, on text that is already on the machine')

const RAW_FOLDER = 'data/quickstart/raw'

/** The components, and the globs of their files in the installed packages. */
const COMPONENTS: Readonly<Record<string, readonly string[]>> = {
  docs: ['**/*.md', '**/*.markdown'],
  code: ['**/*.js', '**/*.mjs', '**/*.cjs']
}

/** The fields of a package.json that documents have in `meta`. */
interface Package {
  readonly name: string
  readonly version: string
  readonly license: string
}

/**
 * Makes shards of the text of the npm packages that are installed next to sluice, documentation and code. It writes to
 * `data/quickstart` in the working directory, with a tokenizer that it trains on the same text, and the record of the
 * run to `runs`. It needs no network, and replaces the results of an earlier quickstart.
 */
export async function quickstart (run: RunOptions = {}): Promise<MixtureStats> {
  const { glob } = await import('tinyglobby')
  const folder = installedPackages()
  for (const component of Object.keys(COMPONENTS)) {
    await refuseForeign(join(RAW_FOLDER, `${component}.LICENSES.md`), LICENSES)
  }
  for (const [component, patterns] of Object.entries(COMPONENTS)) {
    const files = (await glob([...patterns], { cwd: folder, dot: false })).sort()
    const licences = new LicenseCounts({ license: 'license', repository: 'package' })
    await runStreams(`gathering ${component}`, [
      Readable.from(documents(folder, files, licences)), ndjsonSink(join(RAW_FOLDER, `${component}.ndjson`))
    ], run.signal)
    await writeOwn(
      join(RAW_FOLDER, `${component}.LICENSES.md`), licensesPage(`${component}.ndjson`, licences), LICENSES
    )
  }
  const manifest = relative('.', join(packageRoot(), 'recipes', 'start', 'quickstart.yaml'))
  await trainTokenizer({ manifest, overwrite: true, restart: true }, run)
  return await processMixture(manifest, { overwrite: true, restart: true }, run)
}

/** The `node_modules` folder with the dependencies of sluice. */
function installedPackages (): string {
  const root = packageRoot()
  const folder = [join(root, 'node_modules'), join(root, '..')].find(candidate =>
    existsSync(join(candidate, 'yaml', 'package.json')))
  if (folder === undefined) {
    throw new SluiceError(
      'ERR_FILES', `${join(root, 'node_modules')}: no packages are installed here; run npm ci first`
    )
  }
  return folder
}

async function * documents (
  folder: string,
  files: readonly string[],
  licences: LicenseCounts
): AsyncGenerator<Document> {
  const packages = new Map<string, Promise<Package>>()
  for (const file of files) {
    const owner = packageFolder(file)
    let known = packages.get(owner)
    if (known === undefined) packages.set(owner, known = readPackage(join(folder, owner), owner))
    const { name, version, license } = await known
    const meta = { package: name, version, license }
    licences.add(meta)
    yield { id: file, text: (await readFile(join(folder, file), 'utf8')).toWellFormed(), meta }
  }
}

/** `a/node_modules/@scope/b/lib/x.js` is a file of `a/node_modules/@scope/b`. */
function packageFolder (file: string): string {
  return /^(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(file)![0]
}

async function readPackage (folder: string, fallback: string): Promise<Package> {
  const json = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
  const { name, version, license } = parsedOr(json, {})
  const named = (value: unknown, otherwise: string): string => typeof value === 'string' ? value : otherwise
  return { name: named(name, fallback), version: named(version, 'unknown'), license: named(license, 'unknown') }
}

function parsedOr (json: string, otherwise: Record<string, unknown>): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>
  } catch {
    return otherwise
  }
}

/** The results of a quickstart, and what to do next. */
export function nextSteps ({ manifest, stats, tokenizer }: MixtureStats): string {
  const folders = stats.map(({ output_dir: folder, shards, sequences }) =>
    `  ${folder}: ${sequences} sequences in ${shards} ${shards === 1 ? 'shard' : 'shards'}`)
  const { output_dir: folder, shard_files: files } = stats[0]!
  const first = join(folder, files[0]?.file ?? 'shard_00000.npy')
  const sluice = calledAs()
  return [
    'Shards:', ...folders, '',
    `The manifest: ${manifest}`,
    `The tokenizer, trained on the same text: ${tokenizer.path}`, '',
    'Show a sequence as text:',
    `  ${sluice} inspect ${folder} --row 0`, '',
    'Load a shard with NumPy:',
    `  python3 -c "import numpy as np; a = np.load('${first}', mmap_mode='r'); print(a.dtype, a.shape, a[0, :8])"`, '',
    'Use your own data: write a manifest for it, then run that:',
    `  ${sluice} init FILES...`,
    `  ${sluice} run sluice.yaml`
  ].join('\n')
}
