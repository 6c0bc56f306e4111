/** Datasets on a stand-in Hub, for tests of recipes. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { readBytes } from '../../lib/input/read.ts'
import { closeHubs } from '../../lib/hub/hub.ts'
import { type HubEnvironment, setHubEnvironment } from '../hub/environment.ts'
import { type Hub, startHub } from '../hub/stand-in.ts'
import type { HubOptions, RepoOptions } from '../hub/types.ts'
import { filesIn, ndjsonOf } from '../helpers.ts'
import { writeParquet } from '../parquet-writer.ts'

export const TOKEN = 'hf_recipes'

/** Records of code, as lines; each file has different texts. */
export function codeOf (
  file: string,
  count: number
): Array<{ id: string, text: string, license: string, repo_name: string, size: number }> {
  return Array.from({ length: count }, (_, i) => ({
    id: `${file}-${i}`,
    text: `The gate number ${i} of file ${file} is opened by the keeper of the lock.`,
    license: i % 4 === 0 ? 'gpl-3.0' : 'mit',
    repo_name: `lock/${i % 3}`,
    size: i
  }))
}

/** Three files of lines. */
export const CODE: RepoOptions = {
  name: 'some/code',
  lfs: ['data/train-1.jsonl'],
  files: {
    'README.md': '---\nlicense: odc-by\nconfigs:\n- config_name: default\n  data_files:\n  - split: ' +
      'train\n    path: data/train-*.jsonl\n  - split: test\n    path: data/test.jsonl\n---\n# Code\n',
    'data/train-0.jsonl': ndjsonOf(codeOf('0', 300)),
    'data/train-1.jsonl': ndjsonOf(codeOf('1', 300)),
    'data/train-2.jsonl': ndjsonOf(codeOf('2', 300)),
    'data/test.jsonl': ndjsonOf(codeOf('t', 20))
  }
}

/** A parquet file with six row groups and two subsets; it is made once. */
export async function tables (): Promise<RepoOptions> {
  return await (made ??= makeTables())
}

let made: Promise<RepoOptions> | undefined

async function makeTables (): Promise<RepoOptions> {
  const rows = codeOf('p', 600)
  const file = await writeParquet([
    { name: 'text', data: rows.map(({ text }) => text), type: 'STRING' },
    { name: 'url', data: rows.map(({ id }) => `https://example.org/${id}`), type: 'STRING' },
    { name: 'big', data: rows.map(({ text }) => text.repeat(3)), type: 'STRING' }
  ], { codec: 'UNCOMPRESSED', pageSize: 2000, rowGroupSize: [100] })
  return {
    name: 'some/tables',
    files: {
      'README.md': '---\nlicense:\n- cc-by-sa-3.0\n- gfdl\nconfigs:\n- config_name: en\n  data_files: ' +
        'en/*.parquet\n- config_name: de\n  data_files:\n  - split: train\n    path: de/train.parquet\n---\n',
      'en/a.parquet': file,
      'de/train.parquet': file
    }
  }
}

/** Starts a stand-in Hub that the environment names until the end of the test. */
export async function hubFor (
  t: Test,
  repos: readonly RepoOptions[],
  { environment = {}, ...options }: Omit<HubOptions, 'repos'> & { readonly environment?: HubEnvironment } = {}
): Promise<Hub> {
  const hub = await startHub({ repos, token: TOKEN, ...options })
  const setBack = setHubEnvironment({ HF_ENDPOINT: hub.endpoint, ...environment })
  t.teardown(async () => {
    await setBack()
    await hub.close()
  })
  return hub
}

/** The requests to a Hub while something is done by a new client. */
export async function requestsOf (hub: Hub, work: () => Promise<unknown>): Promise<Hub['requests']> {
  await closeHubs()
  const before = hub.requests.length
  await work()
  return hub.requests.slice(before)
}

/** A requested range of a file; `to` is the requested end, null for the file's. */
export interface Part {
  readonly file: string
  readonly from: number
  readonly to: number | null
}

/** The requested ranges of data files, in order. */
export function partsOf (requests: Hub['requests']): Part[] {
  const data = requests.filter(({ kind, file }) => kind === 'file' && file?.endsWith('.md') === false)
  return data.map(({ file, range }) => {
    const [, from = '0', to] = /^bytes=(\d+)-(\d+)?/.exec(range ?? '') ?? []
    return { file: file!, from: Number(from), to: to === undefined ? null : Number(to) + 1 }
  })
}

/** The pulled files in a folder, by name, decompressed, without their provenance. */
export async function pulledIn (folder: string): Promise<Record<string, string>> {
  const names = filesIn(folder).filter(name => /\.(?:ndjsonl?|jsonl|txt)(?:\.gz|\.zst)?$/.test(name))
  return Object.fromEntries(await Promise.all(
    names.map(async name => [name, await textOf(join(folder, name))] as const)
  ))
}

async function textOf (path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readBytes(path)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
