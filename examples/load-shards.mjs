// Rows of shards for a rank of a world, in the same seeded order as in torch_dataset.py, resumable by a count.
// Run it: node examples/load-shards.mjs FOLDER...
import { open, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openShards } from 'sluice'
import { bytesPerId, idsOf } from 'sluice/npy'

/**
 * Yields `{ ids }`, or `{ ids, documents }`, where `documents` has `{ column, length, offset, id }` of each document in
 * the row; ids that none covers are padding. In an epoch, no row is read twice, and all ranks read the same number of
 * rows: up to `worldSize - 1` rows at the end of the order are left out. If a rank has several threads that read, count
 * each as a rank.
 *
 * @param folders of shards with rows of the same length
 * @param options.weights a share for each folder; an epoch is then as long as it can be without reading a row twice
 * @param options.shuffle false: rows in the order of the shards, which is random in the output of `sluice mix`
 * @param options.start how many rows of the epoch all ranks together have read: resumes there
 */
export async function * loadShards (folders, {
  weights, seed = 0, epoch = 0, start = 0, shuffle = true, rank = 0, worldSize = 1, documents = false
} = {}) {
  if (!(rank >= 0 && rank < worldSize)) throw new Error(`rank ${rank}: expected 0 to ${worldSize - 1}`)
  if (weights !== undefined && !shuffle) throw new Error('weights need shuffle: else one folder follows the other')
  const sets = []
  for (const folder of folders) sets.push(await openShards(folder))
  const odd = sets.findIndex(({ columns }) => columns !== sets[0].columns)
  if (odd !== -1) throw new Error(`${folders[odd]}: rows of ${sets[odd].columns} ids, expected ${sets[0].columns}`)
  const available = sets.map(({ shards }) => shards.reduce((sum, { rows }) => sum + rows, 0))
  const sizes = weights === undefined ? available : weighted(available, weights)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const order = shuffle ? permutation(total, seed, epoch) : index => index
  const chosen = available.map((size, i) => permutation(size, seed, epoch, i + 1))
  const reader = new RowReader(documents)
  try {
    for (let next = start; next + worldSize <= total; next += worldSize) {
      let index = order(next + rank)
      let source = 0
      while (index >= sizes[source]) index -= sizes[source++]
      const row = sizes[source] === available[source] ? index : chosen[source](index)
      yield await reader.read(...placeOf(sets[source].shards, row))
    }
  } finally {
    await reader.close()
  }
}

/** The shard with a row of a folder, and the row's index there. */
function placeOf (shards, row) {
  let number = 0
  while (row >= shards[number].rows) row -= shards[number++].rows
  return [shards[number], row]
}

/** Rows of each folder in an epoch. */
function weighted (sizes, weights) {
  if (weights.length !== sizes.length || !weights.every(weight => weight > 0)) {
    throw new Error(`weights ${weights}: expected a positive number for each of ${sizes.length} folders`)
  }
  const unit = Math.min(...sizes.map((size, i) => size / weights[i]))
  return sizes.map((size, i) => Math.min(size, Math.floor(unit * weights[i] + 0.5)))
}

/** A random order of 0 to size - 1: a Feistel network, repeated until its result is within the range. */
function permutation (size, ...seeds) {
  let half = 2
  while (half * half < size) half *= 2
  const keys = Array.from({ length: 6 }, (_, number) => hashed(...seeds, number))
  return index => {
    do {
      let [left, right] = [Math.floor(index / half), index % half]
      for (const key of keys) [left, right] = [right, (left ^ mixed(right ^ key)) & (half - 1)]
      index = left * half + right
    } while (index >= size)
    return index
  }
}

function hashed (...numbers) {
  return numbers.reduce((hash, number) => mixed(hash + 0x9e3779b9 + number), 0)
}

/** The finalizer of MurmurHash3, of 32 bits. */
function mixed (number) {
  let hash = Math.imul(number ^ number >>> 16, 0x85ebca6b)
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
  return (hash ^ hash >>> 16) >>> 0
}

const MOST_OPEN = 64
const RECORD_BYTES = 24

/** Reads rows; the files of some shards stay open. */
class RowReader {
  #documents
  #open = new Map()

  constructor (documents) {
    this.#documents = documents
  }

  async read (shard, row) {
    const { file, records } = await this.#opened(shard)
    const bytes = new Uint8Array(shard.columns * bytesPerId(shard.dtype))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, shard.start + row * bytes.length)
    if (bytesRead < bytes.length) throw new Error(`${shard.path}: ends early; it was changed`)
    const ids = idsOf(bytes, shard.dtype)
    return records === null ? { ids } : { ids, documents: documentsOf(records, row) }
  }

  async #opened ({ path }) {
    let opened = this.#open.get(path)
    if (opened === undefined) {
      const records = this.#documents ? await readFile(path.replace(/\.npy$/, '.docs')) : null
      opened = { file: await open(path), records }
    }
    this.#open.delete(path) // and set again: the last one used is the last one in the map
    this.#open.set(path, opened)
    if (this.#open.size > MOST_OPEN) {
      const [oldest, { file }] = this.#open.entries().next().value
      this.#open.delete(oldest)
      await file.close()
    }
    return opened
  }

  async close () {
    for (const { file } of this.#open.values()) await file.close()
  }
}

/** The records of a row, which are consecutive: a binary search finds the first one. */
function documentsOf (records, row) {
  let [low, high] = [0, records.length / RECORD_BYTES]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (records.readUInt32LE(RECORD_BYTES * middle) < row) low = middle + 1
    else high = middle
  }
  const found = []
  for (let at = RECORD_BYTES * low; at < records.length && records.readUInt32LE(at) === row; at += RECORD_BYTES) {
    found.push({
      column: records.readUInt32LE(at + 4),
      length: records.readUInt32LE(at + 8),
      offset: records.readUInt32LE(at + 12),
      id: records.readBigUInt64LE(at + 16)
    })
  }
  return found
}

if (resolve(process.argv[1]) === import.meta.filename) {
  const folders = process.argv.slice(2)
  let [rows, documents, padding] = [0, 0, 0]
  for await (const row of loadShards(folders.length > 0 ? folders : ['data/quickstart/shards/docs'], {
    documents: true
  })) {
    rows++
    documents += row.documents.filter(({ offset }) => offset === 0).length
    padding += row.ids.length - row.documents.reduce((sum, { length }) => sum + length, 0)
  }
  console.log(`${rows} rows, ${documents} documents begin in them, ${padding} ids are padding`)
}
