import { open, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'
import { checkLocks } from '../output/held-locks.ts'
import { makeFolder, syncFolder, writing } from '../output/output.ts'
import type { Run } from './run.ts'

/** The files of runs in a folder, which has no other files of such names. */
export class RunFiles {
  readonly folder: string
  /** The number of the next file. */
  next: number
  /** Names of files on disk. */
  readonly #files: Set<string>
  readonly #unsynced = new Set<string>()
  /** Names in the last state that was saved, and in the one before: both are resumed from. */
  #saved: ReadonlySet<string>
  #savedBefore: ReadonlySet<string> = new Set()

  /**
   * Creates the folder if it is missing, and deletes the files of runs in it.
   *
   * @param kept runs of a saved state, which are kept @throws SluiceError `ERR_OUTPUT`
   */
  static async open (folder: string, next: number, kept: readonly Run[]): Promise<RunFiles> {
    const saved = new Set(kept.map(({ file }) => file))
    await writing(folder, async () => {
      await makeFolder(folder)
      await checkLocks()
      for (const name of await readdir(folder)) {
        if (/^run_\d{5,}\.bin$/.test(name) && !saved.has(name)) await rm(join(folder, name))
      }
    })
    return new RunFiles(folder, next, saved)
  }

  private constructor (folder: string, next: number, saved: ReadonlySet<string>) {
    this.folder = folder
    this.next = next
    this.#saved = saved
    this.#files = new Set(saved)
  }

  pathOf (file: string): string {
    return join(this.folder, file)
  }

  /** The path of another file. */
  add (): string {
    const file = `run_${String(this.next++).padStart(5, '0')}.bin`
    this.#files.add(file)
    this.#unsynced.add(file)
    return this.pathOf(file)
  }

  /** Syncs the files of a state that is about to be saved. The state before it has been stored by now. */
  async save (runs: readonly Run[]): Promise<void> {
    await writing(this.folder, async () => {
      for (const { file } of runs) {
        if (this.#unsynced.has(file)) await sync(this.pathOf(file))
      }
      await syncFolder(this.folder)
    })
    this.#unsynced.clear()
    this.#savedBefore = new Set()
    await this.sweep(runs)
    this.#savedBefore = this.#saved
    this.#saved = new Set(runs.map(({ file }) => file))
  }

  /** Deletes files that are neither in use nor in a saved state. */
  async sweep (used: readonly Run[]): Promise<void> {
    const names = new Set(used.map(({ file }) => file))
    for (const file of this.#files) {
      if (names.has(file) || this.#saved.has(file) || this.#savedBefore.has(file)) continue
      await checkLocks() // another run may resume from it
      await rm(this.pathOf(file), { force: true })
      this.#files.delete(file)
    }
  }

  /** Deletes all files, and the folder if it is empty then. */
  async remove (): Promise<void> {
    this.#saved = this.#savedBefore = new Set()
    await this.sweep([])
    await rmdir(this.folder).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error)!)) throw error
    })
  }
}

async function sync (path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.sync().finally(() => file.close())
}
