import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Document } from '../lib/document.ts'
import { type InputFile, findFiles, isCompressed } from '../lib/files.ts'
import type { Component } from '../lib/manifest/schema.ts'
import type { StageStats } from '../lib/stage.ts'
import type { Tokenizer } from '../lib/tokenizer.ts'
import type { ReadOptions } from './component.ts'
import { type AnyStage, filters, makeSource, sources } from './stages.ts'

/** A sample is drawn from the beginnings of at most so many files, and of so many bytes of content in all. */
const SAMPLED_FILES = 10
const SAMPLED_BYTES = 64 * 1024 * 1024

/** A document of a sample. */
export interface SampledDocument {
  /** What it takes up of the component's `size`: bytes of decompressed content, or 1 where records are counted. */
  readonly size: number
  readonly kept: boolean
  /** 0 for one that is dropped; null without a tokenizer. */
  readonly tokens: number | null
  /** UTF-8 bytes of its text as it is kept; 0 for one that is dropped. */
  readonly textBytes: number
}

/** What the beginning of a component shows. */
export interface Sample {
  readonly files: readonly InputFile[]
  /** Of all files: decompressed bytes, or records where the format says how many there are. */
  readonly size: number
  /** Whether `size` is known, and not guessed from how far the first files shrink. */
  readonly isExact: boolean
  /** Of each document that was read, what it takes up of `size`. */
  readonly sizes: readonly number[]
  /** Those that were drawn from these. */
  readonly documents: readonly SampledDocument[]
  /** Records that gave no document, by reason. */
  readonly bad: Readonly<Record<string, number>>
  readonly filters: ReadonlyArray<{ readonly stage: string, readonly stats: StageStats }>
}

/**
 * Draws documents of a component at random, out of the beginnings of files that are spread over all of its files, and
 * does with them what a run would do. The same files give the same sample.
 *
 * @throws SluiceError as its source and its filters do
 */
export async function sampleComponent (component: Component, count: number, tokenizer: Tokenizer | null, reading: ReadOptions): Promise<Sample> {
  const files = await findFiles(component.dataFiles)
  const drawn = spreadOver(files, SAMPLED_FILES)
  const reservoir = new Reservoir<Sized>(count)
  const sizes: number[] = []
  const bad: Record<string, number> = {}
  const read: Read[] = []
  for (const { path } of drawn) {
    read.push(await readBeginning(component, path, SAMPLED_BYTES / drawn.length, reading, sized => {
      sizes.push(sized.size)
      reservoir.add(sized)
    }, bad))
  }
  return { files, ...await wholeSize(component, files, drawn, read), sizes, bad, ...await passed(component, reservoir.items, tokenizer) }
}

interface Sized {
  readonly document: Document
  readonly size: number
}

/** What was read of a file. */
interface Read {
  /** Of the decompressed content, and of the file as it lies on disk. */
  readonly bytes: number
  readonly bytesOnDisk: number
  readonly toTheEnd: boolean
}

/** A sample of so many items out of any number, each with the same chance (Vitter 1985, algorithm R). */
class Reservoir<T> {
  readonly items: T[] = []
  readonly #size: number
  #seen = 0
  #state = 1

  constructor (size: number) {
    this.#size = size
  }

  add (item: T): void {
    const place = this.#seen < this.#size ? this.#seen : Math.floor(this.#random() * (this.#seen + 1))
    if (place < this.#size) this.items[place] = item
    this.#seen++
  }

  /** Park and Miller's generator (CACM 1988): good enough for this, and the same on every machine. */
  #random (): number {
    this.#state = this.#state * 48_271 % 2_147_483_647
    return this.#state / 2_147_483_647
  }
}

/** Every so manieth of a list, the first one among them. */
function spreadOver<T> (list: readonly T[], most: number): T[] {
  const step = Math.max(1, list.length / most)
  return Array.from({ length: Math.min(list.length, most) }, (_, i) => list[Math.floor(i * step)]!)
}

async function readBeginning ({ dataset, textColumn, sourceOptions }: Component, path: string, maxBytes: number, { maxLineBytes }: ReadOptions, take: (sized: Sized) => void, bad: Record<string, number>): Promise<Read> {
  const source = makeSource(dataset, [path], { textColumn, maxLineBytes, maxBad: '100%', ...sourceOptions })
  let before = 0
  let toTheEnd = true
  for await (const document of source as AsyncIterable<Document>) {
    const { offset } = source.position
    take({ document, size: sources[dataset]!.countRecords === undefined ? offset - before : 1 })
    before = offset
    if (source.stats.bytes > maxBytes) {
      toTheEnd = false
      break
    }
  }
  for (const [reason, n] of Object.entries(source.stats.dropped)) bad[reason] = (bad[reason] ?? 0) + n
  return { bytes: source.stats.bytes, bytesOnDisk: source.progress.read, toTheEnd }
}

/** The size of all files together; of those that are compressed and weren't read to their end, by how far the others shrank. */
async function wholeSize ({ dataset }: Component, files: readonly InputFile[], drawn: readonly InputFile[], read: readonly Read[]): Promise<Pick<Sample, 'size' | 'isExact'>> {
  const { countRecords } = sources[dataset]!
  if (countRecords !== undefined) {
    const counts = await Promise.all(files.map(({ path }) => countRecords(path)))
    return { size: counts.reduce((sum, n) => sum + n, 0), isExact: true }
  }
  const compressed = read.filter((_, index) => isCompressed(drawn[index]!.path))
  const ratio = compressed.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, compressed.reduce((sum, { bytesOnDisk }) => sum + bytesOnDisk, 0))
  let [size, isExact] = [0, true]
  for (const file of files) {
    const known = read[drawn.indexOf(file)]
    if (known?.toTheEnd === true) size += known.bytes
    else {
      size += (file.size ?? 0) * (isCompressed(file.path) ? ratio : 1)
      isExact &&= file.size !== null && !isCompressed(file.path)
    }
  }
  return { size: Math.round(size), isExact }
}

/** What the component's filters and the tokenizer make of documents. Stages hand `meta` on as it is: by that a document is known again. */
async function passed (component: Component, sampled: readonly Sized[], tokenizer: Tokenizer | null): Promise<Pick<Sample, 'documents' | 'filters'>> {
  const stages: AnyStage[] = component.filters.map(({ stage, options }) => filters[stage]!.make(options))
  const kept = new Map<unknown, string>()
  const sink = new Writable({
    objectMode: true,
    write ({ meta, text }: Document, _encoding, done) {
      kept.set(meta, text)
      done()
    }
  })
  await pipeline([Readable.from(sampled.map(({ document }) => document)), ...stages, sink] as unknown as NodeJS.ReadWriteStream[])
  return {
    filters: stages.map(({ stageName, stats }) => ({ stage: stageName, stats })),
    documents: sampled.map(({ document: { meta }, size }) => {
      const text = kept.get(meta)
      const tokens = text === undefined ? 0 : tokenizer === null ? null : tokenizer.encode(text).length + 1 // the end of sentence
      return { size, kept: text !== undefined, tokens, textBytes: Buffer.byteLength(text ?? '') }
    })
  }
}
