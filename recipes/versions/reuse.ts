import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import { linkOrCopy } from '../../lib/output/link.ts'
import type { LockOptions } from '../../lib/output/lock.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import {
  makeFolder, removeLeftovers, removeTemporary, syncFolder, writing
} from '../../lib/output/output.ts'
import { partialName } from '../../lib/output/resumable.ts'
import { readTokenizerFile } from '../../lib/tokenizer/files.ts'
import { pullRejects } from '../components/files.ts'
import { atCommitOf } from '../components/find.ts'
import { checkpointIn, checkpointOf, copyIn } from '../components/paths.ts'
import { type ShardJob, type ShardOptions, copiedJob, pullJob, shardCheck, shardJob } from '../components/shard-job.ts'
import { trainingOf } from '../components/training-job.ts'
import { type TrainedStats, logText, modelCheck, trainingPlan } from '../components/training.ts'
import { documentsPlan } from '../components/write-documents.ts'
import type { ReadOptions } from '../flow/documents.ts'
import { type Check, type JobPlan, type JobStatus, canResume, runJob, statusOf } from '../jobs/job.ts'
import { remaking } from '../jobs/remake.ts'
import type { FoundComponent, Mixture } from '../manifest/found.ts'
import { copyProvenance } from '../provenance/copy.ts'

/** A job in the folders of two versions. */
interface Reusable {
  readonly before: JobPlan
  readonly checkBefore?: Check
  readonly now: JobPlan
  readonly checkNow?: Check
  /** Links its files to the new folder, and returns its result there. */
  readonly link: (result: unknown) => Promise<unknown>
  /** The files of the new folder that `checkNow` doesn't check. */
  readonly outputs: readonly string[]
}

/** Gives the finished work of one version to another, where its settings and inputs are the same. */
export class Reuse {
  readonly #before: Mixture
  readonly #now: Mixture
  readonly #locking: LockOptions
  /** Files that were copied, because hard links can't be made, and the reason. */
  #copied = 0
  #why = ''

  /** @param before the mixture in the folder of the earlier version @param now in that of the new one */
  constructor (before: Mixture, now: Mixture, locking: LockOptions = {}) {
    this.#before = before
    this.#now = now
    this.#locking = locking
  }

  /** Why files were copied instead of linked; null if none was. */
  get note (): string | null {
    if (this.#copied === 0) return null
    const files = this.#copied === 1 ? '1 file was' : `${this.#copied} files were`
    return `${files} copied, as hard links can't be made here (${this.#why})`
  }

  /** Reuses the trained tokenizer. Resolves to whether it was reused. */
  async tokenizer (): Promise<boolean> {
    const [before, now] = [trainingOf(this.#before), trainingOf(this.#now)]
    const { tokenizer, tokenizerPath } = this.#now
    if (before === null || now === null || tokenizer.path !== null || tokenizerPath === null) return false
    const linkModel = async (): Promise<void> => {
      if (existsSync(before.vocab)) await this.#linkFile(before.vocab, now.vocab)
      await this.#linkFile(before.model, now.model)
    }
    const expected = tokenizer.sha256?.toLowerCase()
    if (expected !== undefined) {
      const hash = await readTokenizerFile(before.model).then(({ sha256 }) => sha256, () => null)
      if (hash !== expected || existsSync(now.model)) return false
      await linkModel()
      return true
    }
    return await this.#job({
      before: trainingPlan(before, {}),
      checkBefore: modelCheck(before),
      now: trainingPlan(now, {}),
      checkNow: modelCheck(now),
      link: async result => {
        const stats: TrainedStats = { ...result as TrainedStats, model: now.model, vocab: now.vocab }
        await linkModel()
        await writeFileWhole(now.log, logText(stats))
        return stats
      },
      outputs: [now.model, now.vocab]
    })
  }

  /** Reuses the copy of a component in its `raw_dir`. Resolves to whether it was reused. */
  async copy (index: number, options: Omit<ShardOptions, 'tokenizer'>): Promise<boolean> {
    const [before, now] = await this.#copies(index, options)
    if (before === null || now === null || !await canResume(now.plan.inputs, [])) return false
    return await this.#job({
      before: before.plan,
      now: now.plan,
      link: async result => {
        for (const [i, output] of now.outputs.entries()) await this.#linkFile(before.outputs[i]!, output)
        await copyProvenance(before.path, now.path)
        return result
      },
      outputs: now.outputs
    })
  }

  /** Reuses the shards of a component. Resolves to whether they were reused. */
  async shards (index: number, options: ShardOptions): Promise<boolean> {
    const [earlier, now] = [this.#before.datasets[index]!, this.#now.datasets[index]!]
    const [copyBefore, copyNow] = await this.#copies(index, options)
    // The shards are those of the earlier copy, so that one must be up to date as well.
    if (copyBefore !== null && (await statusOrNull(copyBefore.plan))?.is !== 'finished') return false
    if (copyNow !== null && !existsSync(copyNow.path)) return false
    const before = await atCommitOf(earlier, checkpointIn(earlier.outputDir))
    const jobOf = async (component: FoundComponent, copy: CopyJob | null): Promise<ShardJob> =>
      shardJob(component, copy === null ? component : await copiedJob(component, copy.path), null, options)
    const [jobBefore, jobNow] = [await jobOf(before, copyBefore), await jobOf(now, copyNow)]
    if (!await canResume(jobNow.read.files, [])) return false
    return await this.#job({
      before: jobBefore.plan,
      checkBefore: shardCheck(jobBefore, options),
      now: jobNow.plan,
      checkNow: shardCheck(jobNow, options),
      link: async result => {
        await this.#linkFolder(before.outputDir, now.outputDir)
        for (const [i, output] of jobNow.outputs.entries()) await this.#linkFile(jobBefore.outputs[i]!, output)
        return { ...result as object, output_dir: now.outputDir }
      },
      outputs: jobNow.outputs
    })
  }

  /** The copies of a component in the earlier and the new version; null without `raw_dir`. */
  async #copies (index: number, options: ReadOptions): Promise<[before: CopyJob | null, now: CopyJob | null]> {
    const [before, now] = [this.#before.datasets[index]!, this.#now.datasets[index]!]
    if (before.rawDir === null || now.rawDir === null) return [null, null]
    const path = copyIn(before.rawDir, before.name)
    const known = await atCommitOf(before, checkpointOf(path))
    return [copyJob(known, path, options), copyJob(now, copyIn(now.rawDir, now.name), options)]
  }

  /**
   * Records a job as finished in the new folder if it is finished in the earlier one. It is begun there before its
   * files are linked, so that a killed run is resumed. A job that was started there with other settings or inputs
   * starts over.
   */
  async #job ({ before, checkBefore, now, checkNow, link, outputs }: Reusable): Promise<boolean> {
    const status = await statusOrNull(now, checkNow)
    if (status?.is === 'finished') return false
    const options = { ...this.#locking, restart: true }
    const earlier = await statusOrNull(before, checkBefore)
    if (earlier?.is !== 'finished') {
      if (status === null) await runJob(now, options, NO_CHECK, job => job.begin())
      return false
    }
    await runJob(now, options, NO_CHECK, async job => {
      await job.begin()
      await job.finish(await link(earlier.result), outputs, earlier.basis)
    })
    return true
  }

  /** Links a file, and deletes what killed runs have left of it. */
  async #linkFile (from: string, to: string): Promise<void> {
    await writing(to, async () => {
      await makeFolder(dirname(to))
      await removeTemporary(partialName(to))
      await removeLeftovers(dirname(to), name => name === basename(to))
    })
    await this.#link(from, to)
  }

  async #link (from: string, to: string): Promise<void> {
    const why = await linkOrCopy(from, to)
    if (why === null) return
    this.#copied++
    this.#why = why
  }

  /** Makes a folder of shards the same as another; its checkpoint is left. */
  async #linkFolder (from: string, to: string): Promise<void> {
    await (await remaking(to)).clear()
    const files = (await filesIn(from)).filter(file => !/\.(?:tmp|partial)$/.test(file))
    for (const file of files) await this.#link(join(from, file), join(to, file))
    await writing(to, async () => {
      for (const file of await filesIn(to)) if (!files.includes(file)) await removeTemporary(join(to, file))
      await syncFolder(to)
    })
  }
}

const NO_CHECK: Check = () => Promise.resolve([])

interface CopyJob {
  readonly path: string
  readonly plan: JobPlan
  readonly outputs: readonly string[]
}

function copyJob (component: FoundComponent, path: string, options: ReadOptions): CopyJob {
  const rejects = pullRejects(component)
  return {
    path,
    plan: documentsPlan(pullJob(component), path, options),
    outputs: [path, ...(rejects === null ? [] : [rejects])]
  }
}

/** The files in a folder, without the checkpoint of its job and the lock. */
async function filesIn (folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(({ name }) => name).filter(name => !/^checkpoint\.json/.test(name))
}

/** The status of a job; null if it was started with other settings or inputs, or its checkpoint is damaged. */
async function statusOrNull (plan: JobPlan, check?: Check): Promise<JobStatus | null> {
  try {
    return await statusOf(plan, check)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'ERR_CHECKPOINT') return null
    throw error
  }
}
