import { dirname } from 'node:path'
import { makeFolder, temporaryName, writing } from '../output/output.ts'
import { KeyFilter } from './key-filter.ts'
import { KeyRun, keysInMemory } from './key-run.ts'
import { KEY_WORDS, KeyTable } from './key-table.ts'

/** A run is merged with a new one that has at least this share of its keys, so that there are few runs. */
const MERGED_SHARE = 1 / 4

export interface KeySetOptions {
  /** Bytes of memory, at most. */
  readonly memory: number
  /** The path, but for the end of the name, of the files of keys that don't fit into the memory. */
  readonly path: string
}

/**
 * A set of 128-bit keys, exact, within a memory bound. Half of the memory is a table of keys. Once that is full, its
 * keys are written to a file in order, and the other half is a filter of the keys in files: a key that the filter
 * doesn't have takes no read, another one takes a read of 4 kB from each file. Small files are merged, so that there
 * are few. In addition to the memory bound, 4 bytes are kept for 256 keys in files.
 */
export class KeySet {
  readonly #options: KeySetOptions
  readonly #table: KeyTable
  #filter: KeyFilter | undefined
  #runs: KeyRun[] = [] // the largest first
  #inRuns = 0
  #files = 0

  constructor (options: KeySetOptions) {
    this.#options = options
    this.#table = new KeyTable(options.memory / 2)
  }

  get size (): number {
    return this.#inRuns + this.#table.size
  }

  /** Whether `makeRoom` must be called before another key is added. */
  get isFull (): boolean {
    return this.#table.isFull
  }

  /** Adds a key. @param key its words, the highest first @returns whether it was not in the set */
  add (key: Uint32Array): boolean {
    if ((key[0]! | key[1]! | key[2]! | key[3]!) === 0) key[3] = 1 // an empty slot is 0; the keys 0 and 1 count as one
    if (this.#table.has(key)) return false
    if (this.#filter?.mayHave(key, 0) === true && this.#runs.some(run => run.has(key))) return false
    this.#table.add(key)
    return true
  }

  /** Writes the keys in the table to a file. @throws SluiceError `ERR_OUTPUT` */
  async makeRoom (): Promise<void> {
    const { path, memory } = this.#options
    const keys = this.#table.sort()
    this.#filter ??= new KeyFilter(memory / 2)
    for (let at = 0; at < keys.length; at += KEY_WORDS) this.#filter.add(keys, at)
    let size = keys.length / KEY_WORDS
    this.#inRuns += size
    const merged: KeyRun[] = []
    while (this.#runs.length > 0 && size >= MERGED_SHARE * this.#runs.at(-1)!.size) {
      const run = this.#runs.pop()!
      merged.push(run)
      size += run.size
    }
    try {
      const file = temporaryName(`${path}.${this.#files++}`)
      await writing(file, async () => {
        await makeFolder(dirname(file))
        this.#runs.push(await KeyRun.write(file, [keysInMemory(keys), ...merged.map(run => run.keys())]))
      })
    } finally {
      for (const run of merged) await run.close()
    }
    this.#table.clear()
  }

  async close (): Promise<void> {
    for (const run of this.#runs) await run.close()
    this.#runs = []
  }
}
