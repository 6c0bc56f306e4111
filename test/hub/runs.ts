/** Runs that read a dataset from a misbehaving Hub: the records must be those of the files. */
import { gzipSync } from 'node:zlib'
import type { Document } from '../../lib/document.ts'
import { codeOf, messageOf } from '../../lib/errors.ts'
import { theHub } from '../../lib/hub/hub.ts'
import { hf } from '../../sources/hf.ts'
import { ndjsonOf } from '../helpers.ts'
import { writeParquet } from '../parquet-writer.ts'
import { frameOf, rawBlock } from '../zstd.ts'
import { FAULTS, randomNumbers } from './misbehaviour.ts'
import { type Hub, startHub } from './stand-in.ts'
import type { Plan, RepoOptions } from './types.ts'

const FILES = 3
const RECORDS = 150 // in each

/** Longer than any good response takes here; a later one is only requested again. */
const TIMEOUT_S = 0.15

/** A dataset, and the texts of its records in order. */
export interface Readable extends RepoOptions {
  readonly texts: readonly string[]
}

type Writer = (texts: readonly string[]) => Promise<Buffer> | Buffer | string

const ndjson: Writer = texts => ndjsonOf(texts.map(text => ({ text })))

const WRITERS: ReadonlyArray<[ending: string, writer: Writer]> = [
  ['jsonl', ndjson],
  ['json.gz', async texts => gzipSync(await ndjson(texts))],
  ['jsonl.zst', async texts => frameOf([rawBlock(await ndjson(texts), true)])],
  ['csv', texts => `number,text\n${texts.map((text, i) => `${i},"${text}"\n`).join('')}`],
  ['txt', texts => texts.map(text => text + '\n').join('')],
  ['parquet', texts => writeParquet([
    { name: 'text', data: texts, type: 'STRING' },
    { name: 'other', data: texts.map(text => text.toUpperCase()), type: 'STRING' }
  ], { codec: 'UNCOMPRESSED', pageSize: 4000, rowGroupSize: [40, 70] })]
]

/** For each format, a dataset in LFS, which is on the CDN, and one on the Hub itself. */
export async function readables (): Promise<Readable[]> {
  const all: Readable[] = []
  for (const [ending, write] of WRITERS) {
    const random = randomNumbers(ending.length)
    const texts = Array.from({ length: FILES * RECORDS }, (_, i) =>
      `record ${i} ` + 'word '.repeat(1 + Math.floor(random() * 60)) + 'end')
    const files: Record<string, Buffer | string> = {}
    for (let i = 0; i < FILES; i++) {
      files[`data/train-${i}.${ending}`] = await write(texts.slice(i * RECORDS, (i + 1) * RECORDS))
    }
    for (const lfs of ['all', 'none'] as const) {
      all.push({ name: `${ending.replace('.', '-')}/${lfs}`, files, lfs, texts })
    }
  }
  return all
}

export interface Planned {
  readonly number: number
  readonly dataset: Readable
  readonly plan: Plan
  /** The numbers of records after which the source is stopped, and another one resumes. */
  readonly stops: readonly number[]
}

/**
 * Each fault alone, and all mixed, over all formats in turn; stopped once or twice in two runs of five.
 *
 * @param count of runs
 */
export function plannedRuns (all: readonly Readable[], count: number, seed: number): Planned[] {
  return Array.from({ length: count }, (_, i) => {
    const number = seed + i
    const random = randomNumbers(number * 7919 + 1)
    const dataset = all[number % all.length]!
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]!
    const stops = Array.from({ length: [0, 0, 1, 0, 2][number % 5]! }, () =>
      1 + Math.floor(random() * dataset.texts.length / 2))
    return {
      number,
      dataset,
      stops,
      plan: {
        seed: number,
        ...random() < 0.5
          ? { faults: [fault], chance: 0.3, times: fault.kind === 'stall' ? 2 : 8 }
          : { chance: 0.3, times: 15 }
      }
    }
  })
}

/** The result of a run. */
export interface Ran {
  readonly texts: readonly string[]
  /** Null if it completed. */
  readonly error: unknown
}

let hubs = 0

/** Reads a dataset, with one source per stop, each with a new Hub client. */
async function run (dataset: Readable, stops: readonly number[]): Promise<Ran> {
  const texts: string[] = []
  let state: ReturnType<ReturnType<typeof hf>['save']> | undefined
  for (const stop of [...stops, Infinity]) {
    const settings = { timeout: TIMEOUT_S, maxRetries: 1000 + hubs++ } // different from all other settings
    const source = hf(dataset.name, { ...settings, hub: { retryDelay: 1 }, highWaterMark: 1 + hubs % 5 })
    if (state !== undefined) source.restore(state)
    let left = stop
    try {
      for await (const { text } of source as AsyncIterable<Document>) {
        texts.push(text)
        state = source.save()
        if (--left === 0) break
      }
    } catch (error) {
      return { texts, error }
    } finally {
      const { http } = await theHub({ ...settings, retryDelay: 1 })
      await http.close()
    }
  }
  return { texts, error: null }
}

/** A Hub that misbehaves for each dataset by the last plan set for it. */
export class Runs {
  readonly hub: Hub
  #plans: Record<string, Plan> = {}

  private constructor (hub: Hub) {
    this.hub = hub
  }

  static async start (all: readonly Readable[]): Promise<Runs> {
    return new Runs(await startHub({ repos: all }))
  }

  /** Runs of the same dataset one after the other, others concurrently. @returns what is wrong with them */
  async all (planned: readonly Planned[]): Promise<string[]> {
    const wrong = await Promise.all([...new Set(planned.map(({ dataset }) => dataset))].map(async dataset => {
      const found: string[] = []
      for (const each of planned.filter(other => other.dataset === dataset)) found.push(...await this.#one(each))
      return found
    }))
    return wrong.flat()
  }

  async #one ({ number, dataset, plan, stops }: Planned): Promise<string[]> {
    const { texts, error } = await this.#run(dataset, plan, stops)
    const what = `run ${number}, ${dataset.name}, stopped ${stops.length} times`
    if (error !== null) return [`${what}: ${codeOf(error)} ${messageOf(error)}`]
    const at = texts.findIndex((text, i) => text !== dataset.texts[i])
    if (at !== -1) {
      return [`${what}: record ${at} is ${JSON.stringify(texts[at]!.slice(0, 40))}, ` +
        `expected ${JSON.stringify(dataset.texts[at]?.slice(0, 40))}`]
    }
    return texts.length === dataset.texts.length
      ? []
      : [`${what}: ${texts.length} records, expected ${dataset.texts.length}`]
  }

  /**
   * @returns what is wrong with a run in which a file changes: it must end in an error, and not in a mixture of both
   */
  async changed (dataset: Readable, skip: number): Promise<string[]> {
    const from = this.hub.requests.length
    const { texts, error } = await this.#run(dataset, [
      { fault: { kind: 'changed' }, skip },
      { fault: { kind: 'break', after: 'random' }, every: 2, times: 4 }
    ], [])
    const what = `${dataset.name}, changed at answer ${skip}`
    const isMet = this.hub.requests.slice(from).some(({ fault, repo }) => fault === 'changed' && repo === dataset.name)
    if (error === null) return isMet ? [`${what}: no error`] : []
    if (!/^ERR_(?:SOURCE|BAD_RECORDS)$/.test(codeOf(error) ?? '')) {
      return [`${what}: ${codeOf(error)} ${messageOf(error)}`]
    }
    return Array.from({ length: FILES }, (_, file) => file * RECORDS).flatMap(start => {
      const ofFile = texts.slice(start, start + RECORDS)
      const own = ofFile.filter((text, i) => text === dataset.texts[start + i]).length
      return own === 0 || own === ofFile.length
        ? []
        : [`${what}: a mixture: ${own} records of ${ofFile.length} are the file's own`]
    })
  }

  async #run (dataset: Readable, plan: Plan, stops: readonly number[]): Promise<Ran> {
    this.#plans = { ...this.#plans, [dataset.name]: plan }
    this.hub.misbehave({ byRepo: this.#plans })
    return await run(dataset, stops)
  }
}
