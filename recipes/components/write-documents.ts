import { dirname, relative } from 'node:path'
import { removeCheckpoint } from '../../lib/output/checkpoint.ts'
import { LineSink } from '../../lib/output/line-sink.ts'
import { isResumable } from '../../lib/output/resumable.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'
import { isParquetFile, parquetSink } from '../../sinks/parquet.ts'
import { isTextFile, textSink } from '../../sinks/text.ts'
import { type DocumentCounts, countsOf } from '../flow/counts.ts'
import { type ReadOptions, documentSettings, documentsOf, idSettings, passedIn } from '../flow/documents.ts'
import { type RunOptions, runFlow } from '../flow/flow.ts'
import { type Rejects, keepingRejects } from '../flow/rejects.ts'
import { type FlowPart, type ThreadedFlow, withThreadedFlow } from '../flow/workers/threaded-flow.ts'
import type { ThreadOptions } from '../flow/workers/threads.ts'
import { Checkpoints } from '../jobs/checkpoints.ts'
import { type Job, type JobOptions, type JobPlan, canResume, runJob } from '../jobs/job.ts'
import type { DocumentsJob } from '../manifest/found.ts'
import { secondsSince } from '../../lib/text/numbers.ts'
import { checkpointOf } from './paths.ts'

export interface WriteOptions extends RunOptions, ReadOptions, JobOptions, ThreadOptions {
  /** Maximum number of documents between two checkpoints. */
  readonly checkpointEvery: number
  /** Whether a later run keeps the finished file, instead of writing it again. @default false */
  readonly keep?: boolean
  /** Called when all is written, with the number of files that were read; the last one possibly only in part. */
  readonly onRead?: ((files: number) => void) | undefined
}

export type WrittenDocuments = DocumentCounts & { readonly seconds: number }

/**
 * Reads and filters a component's documents and writes them to one file. Resumes from the last checkpoint.
 *
 * @param output .txt: one text per line, any other extension: NDJSON; .gz and .zst compress; - is standard output
 * @throws SluiceError as `runJob`, and the stages that the documents pass
 */
export async function writeDocuments (
  component: DocumentsJob, output: string, options: WriteOptions
): Promise<WrittenDocuments> {
  const outputs = [output, ...(component.rejects === null ? [] : [component.rejects])]
  const plan = documentsPlan(component, output, options)
  if (!await canResume(component.files, outputs)) {
    if (await isResumable(output)) await removeCheckpoint(plan.path) // the output that it describes is replaced
    return await write(component, output, options, null)
  }
  return await runJob(plan, options, () => Promise.resolve([]), async job => {
    const written = await write(component, output, options, job)
    if (options.keep === true) await job.finish(written, outputs)
    else await removeCheckpoint(plan.path)
    return written
  })
}

/** The job of `writeDocuments`. */
export function documentsPlan (component: DocumentsJob, output: string, options: ReadOptions): JobPlan {
  const { rejects } = component
  return {
    name: component.name,
    path: checkpointOf(output),
    settings: {
      ...documentSettings(component, options),
      ...idSettings(component),
      rejects: rejects && relative(dirname(output), rejects)
    },
    inputs: component.files,
    alsoLocked: rejects === null ? [] : [rejects]
  }
}

async function write (
  component: DocumentsJob, output: string, options: WriteOptions, job: Job | null
): Promise<WrittenDocuments> {
  const started = performance.now()
  const resumable = job !== null
  const { name, files, maxRecords } = component
  const writeFlow = async (threaded: ThreadedFlow | null, rejects: Rejects | null): Promise<WrittenDocuments> => {
    const checkpoints = new Checkpoints({ every: options.checkpointEvery, save: job?.save ?? null, maxRecords })
    const { source, stages, check } = documentsOf(component, options, { rejects, barriers: checkpoints, threaded })
    const sink = sinkFor(output, threaded, { resumable })
    const outputs = [sink, ...(rejects === null ? [] : [rejects])]
    checkpoints.begin({ source, stages: [...stages, check], outputs }, job?.flow ?? null, passedIn(stages))
    await runFlow({ name, source, checkpoints }, [...stages, check, sink], options)
    const counts = countsOf(source, stages)
    const isAll = maxRecords === null || counts.kept < maxRecords
    options.onRead?.(isAll ? files.length : source.position.file + 1)
    return { ...counts, seconds: job?.seconds ?? secondsSince(started) }
  }
  return await keepingRejects(component.rejects, async rejects => {
    const wants = isTextFile(output) || isParquetFile(output) ? 'documents' : 'lines'
    const part: FlowPart = { component, keepsRejects: rejects !== null, wants, tokenizer: null }
    return await withThreadedFlow(part, options, async threaded => await writeFlow(threaded, rejects))
  }, { resumable })
}

function sinkFor (output: string, threaded: ThreadedFlow | null, options: { readonly resumable: boolean }) {
  if (isTextFile(output)) return textSink(output, options)
  if (isParquetFile(output)) return parquetSink(output, options)
  return threaded?.makesLines === true
    ? new LineSink('ndjson', output, threaded.line, options)
    : ndjsonSink(output, options)
}
