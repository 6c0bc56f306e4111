import { randomUUID } from 'node:crypto'
import { SluiceError } from '../errors.ts'
import { mistakenKind } from '../file-kind.ts'
import { Arena, type SharedMemory } from '../kernels/arena.ts'
import { type DictionaryLayout, readDictionary } from './dictionary.ts'
import type { MatrixLayout } from './matrix.ts'
import { DamagedModel, ModelFile, type ModelWork } from './model-file.ts'
import { findModel, firstBytes, unreadable } from './model-use.ts'
import { readDense, readQuantized } from './read-matrix.ts'
import { type Settings, readSettings } from './settings.ts'

/** A loaded model. Its numbers are in memory that threads share, and `postMessage` sends it to other threads. */
export interface SharedFastText {
  /** The path of its file, for messages. */
  readonly path: string
  /** Unique for each time that a file is loaded. */
  readonly id: string
  readonly settings: Settings
  /** The labels, in the model's order. */
  readonly labels: readonly string[]
  /** How often each label occurred in training. */
  readonly labelCounts: readonly number[]
  readonly memory: SharedMemory
  readonly dictionary: DictionaryLayout
  /** A row for each word, followed by a row for each n-gram. */
  readonly input: MatrixLayout
  /** A row for each inner node of the label tree, or else for each label. */
  readonly output: MatrixLayout
}

const CLASSIFIER_FILE = 'the .bin or .ftz file of a fastText classifier'

/** What is known about a model before the stage that uses it is opened. */
export interface KnownModel {
  /** The expected SHA-256 of its file. */
  readonly sha256?: string | undefined
  /** The model, if it is already loaded, perhaps in another thread. Its file is not read then. */
  readonly loaded?: SharedFastText | undefined
}

export interface ModelReadOptions {
  /** Aborts reading: `ERR_ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /** The expected SHA-256 of the file, if known: `ERR_MODEL` for another file. */
  readonly sha256?: string | undefined
}

/**
 * Reads the `.bin` or `.ftz` file of a fastText classifier. Large matrices are read directly into the shared memory.
 *
 * @throws SluiceError `ERR_MODEL` when the file can't be read or isn't a supported classifier; `ERR_ABORTED`
 */
export async function readFastText (path: string, { signal, sha256 }: ModelReadOptions = {}): Promise<SharedFastText> {
  const model = await using(path, signal, read)
  if (sha256 === undefined) return model
  // The file is hashed after reading, so that a change during reading is detected.
  const { sha256: found } = await findModel(path)
  if (found === sha256) return model
  throw new SluiceError('ERR_MODEL', `${path}: was changed while it is in use: ` +
    `has SHA-256 ${found}, expected ${sha256}; start again`)
}

/** The labels of a model, in its order, without loading the rest. @throws SluiceError as `readFastText` */
export async function readLabels (path: string): Promise<readonly string[]> {
  return await using(path, undefined, async file => {
    const { labels } = await readDictionary(file, await readSettings(file), arenaFor(file))
    return labels
  })
}

async function using<T> (path: string, signal: AbortSignal | undefined, work: ModelWork<T>): Promise<T> {
  try {
    return await ModelFile.using(path, signal, work)
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    if (!(cause instanceof DamagedModel)) throw unreadable(path, cause, CLASSIFIER_FILE)
    const other = mistakenKind(await firstBytes(path), path)
    if (other === null) throw damaged(path, cause)
    throw new SluiceError('ERR_MODEL', `${path}: ${other}; expected ${CLASSIFIER_FILE}`, { cause })
  }
}

/** Memory for the file's content and for the table of words; each word has at least 10 bytes in the file. */
function arenaFor (file: ModelFile): Arena {
  return new Arena(2 * file.size + 2 ** 24)
}

/** An error about a model that can't be used. */
export function damaged (path: string, cause: DamagedModel): SluiceError {
  const message = `${path}: can't be used as a fastText model: ${cause.message}; ` +
    'if it was cut off or changed in transfer, get it again'
  return new SluiceError('ERR_MODEL', message, { cause })
}

async function read (file: ModelFile): Promise<SharedFastText> {
  const settings = await readSettings(file)
  const { dim, bucket } = settings
  const arena = arenaFor(file)
  const { layout, labels, labelCounts, keptRows, keptCount } = await readDictionary(file, settings, arena)
  const { words } = layout
  const isPruned = keptRows !== undefined
  await file.need(1, 'the kind of its input matrix')
  const isQuantized = file.boolean('whether it is quantized')
  if (isPruned && !isQuantized) throw new DamagedModel('it is pruned but not quantized')
  const inputSizes = { name: 'its input matrix', rows: words + (isPruned ? keptCount : bucket), columns: dim }
  const order = isPruned ? orderOf(words, keptRows) : undefined
  const input = isQuantized
    ? await readQuantized(file, inputSizes, arena, { order, decode: true })
    : await readDense(file, inputSizes, arena)
  await file.need(1, 'the kind of its output matrix')
  const isOutputQuantized = file.boolean('whether its output matrix is quantized') && isQuantized
  const outputSizes = { name: 'its output matrix', rows: labels.length, columns: dim }
  // Not decoded: fastText multiplies by the norm last, which rounds differently.
  const output = isOutputQuantized
    ? await readQuantized(file, outputSizes, arena, { decode: false })
    : await readDense(file, outputSizes, arena)
  if (file.left > 0) throw new DamagedModel(`${file.left} bytes follow its end`)
  const { path } = file
  const { memory } = arena
  return { path, id: randomUUID(), settings, labels, labelCounts, memory, dictionary: layout, input, output }
}

/** The file's rows in the order of this program: rows of words, then of the remaining n-grams. */
function orderOf (words: number, keptRows: Int32Array): Int32Array {
  const order = new Int32Array(words + keptRows.length)
  for (let i = 0; i < order.length; i++) order[i] = i < words ? i : words + keptRows[i - words]!
  return order
}
