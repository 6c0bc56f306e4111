import { Readable, Writable, addAbortSignal } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { InputFile } from '../../lib/bytes.ts'
import type { Document } from '../../lib/document.ts'
import { isHubName } from '../../lib/hub/address.ts'
import { isCompressed } from '../../lib/input/find.ts'
import { PrioritySample, UniformSample } from '../../lib/sampling/draw.ts'
import type { Tokenizer } from '../../lib/tokenizer/tokenizer.ts'
import type { ReadOptions } from '../flow/documents.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { type AnyStage, formatOf, makeFilter, makeSource, sourceOptionsOf, sources } from '../stages.ts'

/** The limits of a sample: the number of files whose beginnings are read, and the bytes of content of all of them. */
const SAMPLED_FILES = 10
const SAMPLED_BYTES = 64 * 1024 * 1024

/** The result of the filters and the tokenizer for a document of a sample. */
export interface SampledDocument {
  /** The length of its text as it was read, in characters. */
  readonly length: number
  /** The number of characters of all texts that it represents. */
  readonly weight: number
  readonly kept: boolean
  /** The tokens of its text after the filters, or of the original text if it was dropped; null without a tokenizer. */
  readonly tokens: number | null
  /** The size of the same text in UTF-8. */
  readonly textBytes: number
}

export interface SampleOptions extends ReadOptions {
  readonly signal?: AbortSignal | undefined
}

/** A sample of a component, from the beginnings of some of its files. */
export interface Sample {
  readonly files: readonly InputFile[]
  /** Documents that were read, and characters of their texts. */
  readonly documents: number
  readonly length: number
  /** Records that gave no document, by reason. */
  readonly bad: Readonly<Record<string, number>>
  /** The size of the whole component divided by the size of the part that was read. */
  readonly factor: number
  /** Documents that were drawn, each with the same probability; `kept` and `filters` count these. */
  readonly sampled: number
  readonly kept: number
  readonly filters: ReadonlyArray<Pick<AnyStage, 'stageName' | 'stats'>>
  /** The texts of the same documents after the filters. */
  readonly texts: readonly string[]
  /** Documents that were drawn with a probability that grows with their length. */
  readonly large: readonly SampledDocument[]
}

/**
 * Draws documents of a component at random from the beginnings of some files, which are evenly spaced in the list of
 * files, and filters and encodes them as a run would. The same files give the same sample.
 *
 * @param count how many documents are drawn to estimate the share that is kept, and how many long ones to estimate
 *   tokens
 * @throws SluiceError as its source and its filters do
 */
export async function sampleComponent (
  component: FoundComponent, count: number, tokenizer: Tokenizer | null, reading: SampleOptions
): Promise<Sample> {
  const { files } = component
  const drawn = spreadOver(files, SAMPLED_FILES)
  const uniform = new UniformSample<Document>(count)
  const large = new PrioritySample<Document>(count)
  const bad: Record<string, number> = {}
  const read: Read[] = []
  let [documents, length] = [0, 0]
  for (const file of drawn) {
    read.push(await readBeginning(component, file, SAMPLED_BYTES / drawn.length, reading, document => {
      documents++
      length += document.text.length
      uniform.add(document)
      large.add(document, Math.max(1, document.text.length))
    }, bad))
  }
  const counted = await passed(component, uniform.items)
  const weighed = await passed(component, large.items.map(({ item }) => item))
  return {
    files,
    documents,
    length,
    bad,
    factor: await factorOf(component, files, drawn, read),
    sampled: uniform.items.length,
    kept: Math.min(counted.texts.size, uniform.items.length), // a stage may make several documents of one
    filters: counted.filters,
    texts: [...counted.texts.values()].flat(),
    large: large.items.map(({ item, size, weight }) => {
      const kept = weighed.texts.get(item)
      const texts = kept ?? [item.text]
      const total = (count: (text: string) => number): number => texts.reduce((sum, text) => sum + count(text), 0)
      const tokens = tokenizer === null ? null : total(text => tokenizer.encode(text).length + 1) // 1 for the EOS token
      const textBytes = total(text => Buffer.byteLength(text))
      return { length: size, weight, kept: kept !== undefined, tokens, textBytes }
    })
  }
}

/** The limits of `firstTexts`, in bytes of content and in documents. */
const FIRST_BYTES = 256 * 1024
const FIRST_DOCUMENTS = 20

/**
 * The texts of the first documents of a component, before its filters; none for an input that can be read only once,
 * such as a pipe.
 *
 * @throws SluiceError as its source does
 */
export async function firstTexts (component: FoundComponent, reading: SampleOptions): Promise<string[]> {
  const [file] = component.files
  if (file === undefined || file.size === null) return []
  const texts: string[] = []
  await readBeginning(component, file, FIRST_BYTES, reading, ({ text }) => { texts.push(text) }, {})
  return texts.slice(0, FIRST_DOCUMENTS)
}

/** The part of a file that was read. */
interface Read {
  /** Bytes of decompressed content, or the number of records for formats that store it. */
  readonly size: number
  readonly bytesOnDisk: number
  readonly toTheEnd: boolean
}

/** At most `max` items, evenly spaced in a list, including the first one. */
function spreadOver<T> (list: readonly T[], max: number): T[] {
  const step = Math.max(1, list.length / max)
  return Array.from({ length: Math.min(list.length, max) }, (_, i) => list[Math.floor(i * step)]!)
}

/** @param bad the bad records by reason, to which those of this file are added */
async function readBeginning (
  component: FoundComponent,
  file: InputFile,
  maxBytes: number,
  { maxLineBytes, maxRetries, timeout, tell, signal }: SampleOptions,
  take: (document: Document) => void,
  bad: Record<string, number>
): Promise<Read> {
  const { textColumn } = component
  const settings = { textColumn, maxLineBytes, maxBad: { share: 1 }, ...sourceOptionsOf(component) }
  const inCode = { tell, isSample: true, ...isHubName(file.path) && { hub: { maxRetries, timeout, tell } } }
  const source = makeSource(formatOf(component), { files: [file] }, settings, inCode)
  if (signal !== undefined) addAbortSignal(signal, source)
  let toTheEnd = true
  try {
    for await (const document of source as AsyncIterable<Document>) {
      take(document)
      toTheEnd = source.stats.bytes <= maxBytes
      if (!toTheEnd) break
    }
  } catch (error) {
    // A file without any text: a run decides over all files together whether that is an error.
    if (source.stats.in === 0 || source.stats.dropped.no_text !== source.stats.in) throw error
  }
  for (const [reason, n] of Object.entries(source.stats.dropped)) bad[reason] = (bad[reason] ?? 0) + n
  return { size: toTheEnd ? source.stats.bytes : source.position.offset, bytesOnDisk: source.progress.read, toTheEnd }
}

function bytesOnDisk (read: readonly Read[]): number {
  return read.reduce((sum, { bytesOnDisk }) => sum + bytesOnDisk, 0)
}

function sumOfSizes (files: readonly InputFile[]): number {
  return files.reduce((sum, { size }) => sum + (size ?? 0), 0)
}

/**
 * The size of all files divided by the size of the part that was read. All compressed files are assumed to have the
 * compression ratio of those that were read.
 */
async function factorOf (
  component: FoundComponent, files: readonly InputFile[], drawn: readonly InputFile[], read: readonly Read[]
): Promise<number> {
  if (files.length === drawn.length && read.every(({ toTheEnd }) => toTheEnd)) return 1
  const { countRecords } = sources[formatOf(component)]!
  const sizeRead = read.reduce((sum, { size }) => sum + size, 0)
  if (sizeRead === 0) return 1
  // By file sizes: counting records would take a request for each of maybe thousands of files.
  if (component.hub !== null) return Math.max(1, sumOfSizes(files) / Math.max(1, bytesOnDisk(read)))
  if (countRecords !== undefined) {
    let [all, seen] = [0, 0]
    for (const file of files) { // one after the other: there may be more files than can be open at once
      const count = await countRecords(file.path)
      const known = read[drawn.indexOf(file)]
      all += count
      if (known !== undefined) seen += known.toTheEnd ? count : known.size
    }
    return all / Math.max(1, seen)
  }
  const compressed = read.filter((_, index) => isCompressed(drawn[index]!.path))
  const ratio = compressed.reduce((sum, { size }) => sum + size, 0) / Math.max(1, bytesOnDisk(compressed))
  const sizes = files.map(file => {
    const known = read[drawn.indexOf(file)]
    return known?.toTheEnd === true ? known.size : (file.size ?? 0) * (isCompressed(file.path) ? ratio : 1)
  })
  return Math.max(1, sizes.reduce((sum, size) => sum + size, 0) / sizeRead)
}

interface PassedDocuments {
  readonly texts: ReadonlyMap<unknown, readonly string[]>
  readonly filters: Sample['filters']
}

/**
 * The texts that the component's filters keep, by the original documents, and the filters with their counts. Documents
 * are identified by `meta`, which stages pass on unchanged. `makeFilter` reports when a stage makes a new one.
 */
async function passed (component: FoundComponent, documents: readonly Document[]): Promise<PassedDocuments> {
  const origins = new Map<unknown, Document>() // by `meta`
  const stages: AnyStage[] = component.filters.map(filter => makeFilter(filter, {}, (from, to) => {
    const origin = origins.get(from.meta)
    if (origin !== undefined) origins.set(to.meta, origin)
  }))
  const copies = documents.map(document => { // a custom stage may modify them
    const copy = { ...document, meta: structuredClone(document.meta) }
    origins.set(copy.meta, document)
    return copy
  })
  const texts = new Map<unknown, string[]>()
  const sink = new Writable({
    objectMode: true,
    write (kept: Document, _encoding, done) {
      const origin = origins.get(kept.meta) ?? kept
      texts.set(origin, [...texts.get(origin) ?? [], kept.text])
      done()
    }
  })
  await pipeline([Readable.from(copies), ...stages, sink] as unknown as NodeJS.ReadWriteStream[])
  return { texts, filters: stages }
}
