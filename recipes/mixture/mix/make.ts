import { join } from 'node:path'
import { z } from 'zod'
import type { Sequence } from '../../../lib/document.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { type MixedDocument, MixRecords } from '../../../lib/mix/records.ts'
import type { Sides } from '../../../lib/mix/sides.ts'
import { count, parseState } from '../../../lib/options.ts'
import { type PackerOptions, packerOf } from '../../../lib/packing/packer.ts'
import { type DocumentPosition, type ShardDocument, documentsOf } from '../../../lib/shards/shard-documents.ts'
import { shuffleKey } from '../../../lib/shuffle/key.ts'
import { Shuffle } from '../../../lib/shuffle/shuffle.ts'
import type { ShardChoice } from '../../components/shard-output.ts'
import type { FlowState } from '../../jobs/checkpoints.ts'
import type { Job } from '../../jobs/job.ts'
import { type MixSettings, type MixShuffle, shuffleOf } from '../../manifest/mix-schema.ts'
import { type DrawnSource, KEY_USES } from './draw.ts'
import { neededMemory } from './shape.ts'
import { SideOutput } from './side.ts'

/** How far a mixture is. */
const progress = z.strictObject({
  /** `write`: all documents are drawn, and those that are shuffled are being written. */
  phase: z.enum(['draw', 'write']),
  /** The source that is read, how often it was before, and the number of the next document in it. */
  source: count,
  epoch: count,
  index: count,
  /** Where the next document is in the shards; null for the first. */
  position: z.strictObject({ shard: count, record: count }).nullable(),
  /** Sequences of this source so far. */
  rows: count,
  /** Documents that were read, in all sources and epochs. */
  read: count,
  /** Tokens that fill no sequence, and padding, of the sources that are finished. */
  tail: count,
  padding: count
})

type Progress = z.output<typeof progress>

const BEGINNING: Progress = {
  phase: 'draw', source: 0, epoch: 0, index: 0, position: null, rows: 0, read: 0, tail: 0, padding: 0
}

export interface MakeOptions {
  readonly settings: MixSettings
  readonly packing: PackerOptions
  /** How the shards are written. */
  readonly choice: ShardChoice
  readonly sides: Sides
  readonly job: Job
  /** Maximum number of documents between two checkpoints. */
  readonly every: number
  readonly signal: AbortSignal | undefined
  /** Called now and then. */
  readonly onProgress?: (read: number, written: number) => void
}

/** The shards of a side. */
export interface MadeSide {
  readonly output: SideOutput
  /** Tokens that fill no sequence. */
  readonly tail: number
  /** Ids of padding. */
  readonly padding: number
}

/** What was written. */
export interface MadeMix {
  readonly training: MadeSide
  readonly validation: MadeSide | null
}

type AnyPacker = ReturnType<typeof packerOf>

/** Documents or sequences from one report of the progress to the next. */
const PROGRESS_EVERY = 256

/** The largest share of the time that checkpoints take. */
const MAX_COST = 1 / 50

/** Draws the documents of a mixture, packs, shuffles and writes them, from where the job resumes. */
export class MixMaker {
  readonly #sources: readonly DrawnSource[]
  readonly #options: MakeOptions
  readonly #shuffles: MixShuffle
  readonly #records: MixRecords
  readonly #training: SideOutput
  readonly #validation: SideOutput | null
  readonly #packers: { training: AnyPacker, validation: AnyPacker }
  #shuffle: Shuffle | null = null
  #at: Progress = BEGINNING
  #since = 0 // documents since the last checkpoint
  #notBefore = 0 // the earliest time of the next checkpoint

  constructor (sources: readonly DrawnSource[], options: MakeOptions) {
    const { packing, choice, settings: { outputDir, validation }, job } = options
    const { dtype, vocab_size: vocabSize } = sources[0]!.stats
    const side = (name: string): SideOutput =>
      new SideOutput(join(outputDir, name), choice, { vocabSize, overwrite: job.replaces })
    this.#sources = sources
    this.#options = options
    this.#records = new MixRecords(dtype)
    this.#shuffles = shuffleOf(options.settings)
    this.#training = side('train')
    this.#validation = validation === null ? null : side('validation')
    this.#packers = { training: packerOf(packing), validation: packerOf(packing) }
  }

  async make (): Promise<MadeMix> {
    try {
      await this.#open()
      if (this.#at.phase === 'draw') await this.#drawAll()
      await this.#writeShuffled()
      await this.#end(this.#training, this.#packers.training)
      const { training, validation } = this.#packers
      return {
        training: {
          output: this.#training,
          tail: this.#at.tail + training.rest,
          padding: this.#at.padding + training.padding
        },
        validation: this.#validation && {
          output: this.#validation, tail: validation.rest, padding: validation.padding
        }
      }
    } catch (error) {
      await Promise.all([this.#training.abandon(), this.#validation?.abandon(), this.#shuffle?.abandon()])
      throw error
    }
  }

  /** Deletes the temporary files of a mixture that is finished. */
  async clear (): Promise<void> {
    await this.#shuffle?.remove()
  }

  async #open (): Promise<void> {
    const { settings: { outputDir, shuffleMemory }, job, signal } = this.#options
    const memory = neededMemory(this.#sources, shuffleMemory)
    const shuffle = this.#shuffles
    const folder = join(outputDir, '.shuffle')
    const options = { memory, signal }
    if (job.flow === null) {
      if (shuffle !== 'none') this.#shuffle = await Shuffle.create(folder, options)
      return
    }
    const { stats: _, ...at } = job.flow.source
    this.#at = parseState('mix', progress, at)
    const [shuffled, training, validation] = job.flow.outputs
    const [packed, validationPacked] = job.flow.stages.map(({ state }) => state)
    if (shuffle !== 'none') this.#shuffle = await Shuffle.restore(folder, shuffled, options)
    this.#training.restore(training)
    this.#validation?.restore(validation)
    this.#packers.training.restore(packed)
    this.#packers.validation.restore(validationPacked)
  }

  async #drawAll (): Promise<void> {
    while (this.#at.source < this.#sources.length) {
      const source = this.#sources[this.#at.source]!
      while (this.#at.epoch < source.epochs) {
        await this.#drawEpoch(source)
        this.#next({ epoch: this.#at.epoch + 1 })
      }
      if (this.#shuffles === 'sequences') await this.#endSource(source)
      this.#next({ source: this.#at.source + 1, epoch: 0, rows: 0 })
    }
    if (this.#validation !== null) await this.#end(this.#validation, this.#packers.validation)
    this.#at = { ...this.#at, phase: 'write' }
    await this.#checkpoint()
  }

  /** Goes to another epoch or source. */
  #next (to: Partial<Progress>): void {
    this.#at = { ...this.#at, index: 0, position: null, ...to }
  }

  async #drawEpoch (source: DrawnSource): Promise<void> {
    const { sides, signal } = this.#options
    const { epoch, position } = this.#at
    const from: DocumentPosition | undefined = position ?? undefined
    for await (const document of documentsOf(source.shards, { from, signal })) {
      const { id, offset, ids } = document
      if (sides.isValidation(id)) {
        if (epoch === 0) {
          await this.#put(this.#validation!, this.#packers.validation, cut(document, ids.length, source.stats.eos_id))
        }
      } else {
        const tokens = source.tokensOf(epoch, { id, offset, tokens: ids.length, index: this.#at.index })
        if (tokens > 0) await this.#take(source, cut(document, tokens, source.stats.eos_id))
      }
      this.#at = { ...this.#at, index: this.#at.index + 1, position: document.next, read: this.#at.read + 1 }
      this.#since++
      if (this.#isDue()) await this.#checkpoint()
    }
  }

  /** Packs a document, and writes the sequences that it completes. A flat format gets it as it is. */
  async #put (output: SideOutput, packer: AnyPacker, document: MixedDocument): Promise<void> {
    if (output.isFlat) await output.write(document)
    else for (const row of packed(packer, document)) await output.write(row)
  }

  async #take (source: DrawnSource, document: ShardDocument): Promise<void> {
    const { id, offset } = document
    if (this.#shuffles === 'documents') {
      const key = shuffleKey(this.#options.settings.seed, KEY_USES.order, source.key, this.#at.epoch, id, offset)
      await this.#shuffled(key, this.#records.ofDocument(document))
    } else if (this.#shuffles === 'sequences') {
      for (const row of packed(this.#packers.training, document)) await this.#takeRow(source, row)
    } else {
      await this.#put(this.#training, this.#packers.training, document)
    }
  }

  async #takeRow (source: DrawnSource, row: Sequence): Promise<void> {
    const { seed } = this.#options.settings
    const key = shuffleKey(seed, KEY_USES.order, source.key, this.#at.rows)
    this.#at = { ...this.#at, rows: this.#at.rows + 1 }
    await this.#shuffled(key, this.#records.ofSequence(row))
  }

  async #shuffled (key: number, record: Buffer): Promise<void> {
    if (!this.#shuffle!.add(key, record)) await this.#shuffle!.drain()
  }

  /** Sequences of one source have no tokens of another one, so its last tokens fill none. */
  async #endSource (source: DrawnSource): Promise<void> {
    const packer = this.#packers.training
    const rows: Sequence[] = []
    packer.finish(row => rows.push(row))
    for (const row of rows) await this.#takeRow(source, row)
    const { tail, padding } = this.#at
    this.#at = { ...this.#at, tail: tail + packer.rest, padding: padding + packer.padding }
    this.#packers.training = packerOf(this.#options.packing)
  }

  /** Writes what was shuffled, in its order. */
  async #writeShuffled (): Promise<void> {
    if (this.#shuffle === null) return
    const { packing: { seqLen } } = this.#options
    for await (const record of this.#shuffle.records()) {
      if (this.#shuffles === 'sequences') await this.#training.write(this.#records.sequenceOf(record, seqLen))
      else await this.#put(this.#training, this.#packers.training, this.#records.documentOf(record))
      this.#since++
      if (this.#isDue()) await this.#checkpoint()
    }
  }

  /** Writes the sequences that the end completes, and the last shard. */
  async #end (output: SideOutput, packer: AnyPacker): Promise<void> {
    const rows: Sequence[] = []
    packer.finish(row => rows.push(row))
    for (const row of rows) await output.write(row)
    await output.end()
  }

  #isDue (): boolean {
    if (this.#options.signal?.aborted === true) throw new SluiceError('ERR_ABORTED', 'mix: stopped')
    if (this.#since % PROGRESS_EVERY === 0) this.#options.onProgress?.(this.#at.read, this.#training.items)
    return this.#since >= this.#options.every && performance.now() >= this.#notBefore
  }

  async #checkpoint (): Promise<void> {
    const started = performance.now()
    const { job } = this.#options
    const stage = (name: string, packer: AnyPacker): FlowState['stages'][number] =>
      ({ stage: name, stats: { in: 0, out: 0, dropped: {} }, state: packer.save() })
    await job.save({
      source: { ...this.#at, stats: { out: this.#at.read } },
      stages: [stage('pack', this.#packers.training), stage('pack', this.#packers.validation)],
      outputs: [
        this.#shuffle === null ? null : await this.#shuffle.save(),
        await this.#training.save(),
        this.#validation === null ? null : await this.#validation.save()
      ]
    })
    this.#since = 0
    this.#notBefore = performance.now() + (performance.now() - started) / MAX_COST
  }
}

/** The sequences that a document completes. */
function packed (packer: AnyPacker, { id, offset, ids }: MixedDocument): Sequence[] {
  const rows: Sequence[] = []
  packer.add(ids, row => rows.push(row), id, offset)
  return rows
}

/** The first tokens of a document, with the EOS id as the last one. The last document of shards may lack its end. */
function cut (document: ShardDocument, tokens: number, eosId: number | undefined): ShardDocument {
  const isWhole = tokens === document.ids.length && document.ids.at(-1) === eosId
  if (isWhole) return document
  const ids = document.ids.slice(0, tokens)
  if (eosId !== undefined) ids[tokens - 1] = eosId
  return { ...document, ids }
}
