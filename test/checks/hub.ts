/**
 * The stand-in Hub, used by the Hub's Python clients: huggingface_hub lists and downloads, datasets streams each
 * layout, and sluice must read the same. They come from PyPI: `.ci/run` installs them if pip reaches it, into the
 * folder in SLUICE_HUB_CLIENTS; otherwise those installed for `python3` are used, if any.
 *
 * Xet, which clients would use next to HTTP, is switched off by HF_HUB_DISABLE_XET; each run has a separate HF_HOME.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { packageRoot } from '../../lib/package.ts'
import { recordsOf } from '../hub/layout-files.ts'
import { layouts, repoOf } from '../hub/layouts.ts'
import { randomNumbers } from '../hub/misbehaviour.ts'
import { type Hub, startHub } from '../hub/stand-in.ts'
import type { Layout, RepoOptions } from '../hub/types.ts'
import type { Checks } from './checks.ts'
import { type Streamed, judgeReading } from './hub-reading.ts'

const SCRIPT = join(packageRoot(), 'test/checks/hub.py')

/** Why the clients can't be used; undefined if they can. */
export function missingClients (): string | undefined {
  const { status } = spawnSync('python3', ['-c', 'import huggingface_hub, datasets, zstandard'], {
    env: environment(), stdio: 'ignore'
  })
  return status === 0 ? undefined : 'huggingface_hub, datasets and zstandard are not installed'
}

/** @param folder to work in */
export async function judgeHub (checks: Checks, folder: string): Promise<void> {
  const missing = missingClients()
  if (missing !== undefined) {
    for (const name of ['huggingface_hub lists and downloads', 'datasets streams', 'reading, compared with datasets']) {
      checks.skip(`the stand-in Hub, ${name}`, missing)
    }
    return
  }
  await judgeClients(checks, join(folder, 'hub-clients'))
  const asked = await layouts()
  const streamed = await streamedByDatasets(asked, join(folder, 'hub-layouts'))
  for (const { name, expected, textColumn = 'text' } of asked) {
    const records = streamed.get(name)!
    const texts = typeof records === 'string' ? [] : records.map(record => record[textColumn])
    if (typeof records === 'string') console.log(`  ${records.trim().split('\n').at(-1)!.slice(0, 300)}`)
    checks.checkSame(
      `the stand-in Hub, datasets streams ${name}: the records of its files (${expected.length})`, texts, expected
    )
  }
  checks.check(
    'the stand-in Hub, datasets streams parquet-files: every column',
    isDeepStrictEqual(streamed.get('parquet-files'), [...recordsOf(1), ...recordsOf(2)])
  )
  await judgeReading(checks, join(folder, 'hub-reading'), asked, streamed)
}

interface ListedEntry {
  readonly type: string
  readonly path: string
  readonly size: number
  readonly oid: string
  readonly lfs?: { readonly oid: string }
}

/**
 * The records that `datasets` streams from a stand-in Hub, or the error, by the name of the layout. They are also
 * written to the folder as NDJSON.
 */
export async function streamedByDatasets (asked: readonly Layout[], folder: string): Promise<Map<string, Streamed>> {
  mkdirSync(folder, { recursive: true })
  const list = join(folder, 'layouts.json')
  writeFileSync(list, JSON.stringify(asked.map(layout => ({ ...layout, files: undefined, refs: undefined }))))
  const hub = await startHub({ repos: asked.map(repoOf), pageSize: 3 })
  try {
    await python(hub, folder, 'stream', list, folder)
  } finally {
    await hub.close()
  }
  return new Map(asked.map(({ name }) => {
    const path = join(folder, name)
    return [name, existsSync(`${path}.error`)
      ? readFileSync(`${path}.error`, 'utf8')
      : readFileSync(`${path}.ndjson`, 'utf8').split('\n').slice(0, -1).map(line =>
        JSON.parse(line) as Record<string, unknown>)]
  }))
}

interface Judgement {
  readonly name: string
  readonly passed: boolean
  readonly detail: string
}

/** A Hub that behaves correctly, with a folder that contains the expected results. */
async function judgeClients (checks: Checks, folder: string): Promise<void> {
  const random = randomNumbers(11)
  const files = {
    'README.md': '---\nlicense: odc-by\nlanguage:\n- en\n---\n# Data\n',
    '.gitattributes': '*.parquet filter=lfs diff=lfs merge=lfs -text\n',
    'data/large.parquet': Buffer.from(Array.from({ length: 50_000 }, () => Math.floor(random() * 256))),
    'data/small.jsonl': recordsOf(1).map(record => JSON.stringify(record) + '\n').join(''),
    'data/deep/words.txt': recordsOf(2, 100).map(({ text }) => text + '\n').join(''),
    'data/deep/é (1).txt': 'é'
  }
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, 'files', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  const repos: RepoOptions[] = [
    {
      name: 'judged/data',
      files,
      refs: {
        next: { 'new.txt': 'new' },
        'refs/tags/v1': { 'old.txt': 'old', 'old.jsonl': '{}\n' },
        'refs/convert/parquet': { 'default/train/0000.parquet': 'PAR1' }
      },
      formerly: ['judged/former']
    },
    { name: 'judged/gated', gated: 'manual', files: { 'a.txt': 'a' } },
    { name: 'judged/private', private: true, files: { 'a.txt': 'a', 'a.bin': 'abc' } },
    ...(await layouts()).filter(({ name }) => name === 'card-subset' || name === 'card-splits').map(repoOf)
  ]
  const hub = await startHub({ repos, token: 'hf_judged', stranger: 'hf_stranger', pageSize: 2, control: true })
  try {
    const tree = `${hub.endpoint}/api/datasets/judged/data/tree/main?recursive=true&limit=100`
    const listed = await (await fetch(tree)).json() as ListedEntry[]
    writeFileSync(join(folder, 'expected.json'), JSON.stringify({
      commit: hub.commitOf('judged/data'),
      tag: hub.commitOf('judged/data', 'v1'),
      files: Object.fromEntries(listed.filter(({ type }) => type === 'file').map(({ path, size, oid, lfs }) =>
        [path, { size, oid, lfs: lfs?.oid ?? null }]))
    }))
    const output = await python(hub, folder, 'clients', folder)
    const judgements = output.split('\n').slice(0, -1).map(line => JSON.parse(line) as Judgement)
    for (const { name, passed, detail } of judgements) {
      if (!passed) console.log(`  ${detail}`)
      checks.check(`the stand-in Hub, huggingface_hub: ${name}`, passed)
    }
    checks.check(
      `the stand-in Hub, huggingface_hub: all requests were made (${judgements.length})`,
      judgements.at(-1)?.name.startsWith('datasets:') === true
    )
    checks.check(
      `the stand-in Hub: no token at the second host (${hub.requests.length} requests)`,
      hub.leaks.length === 0 && hub.requests.length > 0
    )
  } finally {
    await hub.close()
  }
}

function environment (): NodeJS.ProcessEnv {
  const clients = process.env.SLUICE_HUB_CLIENTS
  return { ...process.env, ...(clients !== undefined && clients !== '' && { PYTHONPATH: clients }) }
}

/** Runs the script while a Hub answers. @returns its output */
async function python (hub: Hub, folder: string, ...args: readonly string[]): Promise<string> {
  const { HF_TOKEN: _, HF_HUB_OFFLINE: __, ...inherited } = environment()
  const child = spawn('python3', [SCRIPT, ...args], {
    env: {
      ...inherited,
      HF_ENDPOINT: hub.endpoint,
      HF_HOME: join(folder, 'hf-home'),
      HF_HUB_DISABLE_XET: '1',
      HF_HUB_DOWNLOAD_TIMEOUT: '2',
      HF_HUB_DISABLE_TELEMETRY: '1',
      HF_HUB_DISABLE_SYMLINKS_WARNING: '1',
      NO_PROXY: '127.0.0.1',
      PYTHONWARNINGS: 'ignore'
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  return await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', code => {
      code === 0 ? resolve(output) : reject(new Error(`${SCRIPT} ended with ${code}: ${errors.slice(-2000)}`))
    })
  })
}
