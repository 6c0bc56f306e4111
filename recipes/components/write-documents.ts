import { dirname, relative } from 'node:path'
import { removeCheckpoint } from '../../lib/output/checkpoint.ts'
import { LineSink } from '../../lib/output/line-sink.ts'
import { isResumable } from '../../lib/output/resumable.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'
import { isTextFile, textSink } from '../../sinks/text.ts'
import { type DocumentCounts, countsOf } from '../flow/counts.ts'
import { type ReadOptions, documentSettings, documentsOf, idSettings, passedIn } from '../flow/documents.ts'
import { type RunOptions, runFlow } from '../flow/flow.ts'
import { keepingRejects } from '../flow/rejects.ts'
import { withThreadedFlow } from '../flow/workers/threaded-flow.ts'
import type { ThreadOptions } from '../flow/workers/threads.ts'
import { Checkpoints } from '../jobs/checkpoints.ts'
import { type Job, type JobOptions, type JobPlan, canResume, runJob } from '../jobs/job.ts'
import type { DocumentsJob } from '../manifest/found.ts'
import { secondsSince } from '../text.ts'
import { checkpointOf } from './paths.ts'

export interface WriteOptions extends RunOptions, ReadOptions, JobOptions, ThreadOptions {
  /** Documents between two checkpoints at most. */
  readonly checkpointEvery: number
  /** Whether the finished file is kept as it is by a run of the same; else it is made again. @default false */
  readonly keep?: boolean
  /** Told, when all is written, how many of the component's files were read, the last one maybe in part. */
  readonly onRead?: ((files: number) => void) | undefined
}

export interface WrittenDocuments extends DocumentCounts {
  readonly seconds: number
}

/**
 * Reads and filters a component's documents and writes them to one file, from where a run before has left off.
 *
 * @param output .txt: a text a line, any other ending: NDJSON; .gz and .zst compress; - is standard output
 * @throws SluiceError as `runJob`, and the stages that the documents pass
 */
export async function writeDocuments (component: DocumentsJob, output: string, options: WriteOptions): Promise<WrittenDocuments> {
  const outputs = [output, ...(component.rejects === null ? [] : [component.rejects])]
  const plan = documentsPlan(component, output, options)
  if (!await canResume(component.files, outputs)) {
    if (await isResumable(output)) await removeCheckpoint(plan.path) // what it tells of is replaced
    return await write(component, output, options, null)
  }
  return await runJob(plan, options, () => Promise.resolve([]), async job => {
    const written = await write(component, output, options, job)
    if (options.keep === true) await job.finish(written, outputs)
    else await removeCheckpoint(plan.path)
    return written
  })
}

/** The job that `writeDocuments` does. */
export function documentsPlan (component: DocumentsJob, output: string, options: ReadOptions): JobPlan {
  return {
    name: component.name,
    path: checkpointOf(output),
    settings: { ...documentSettings(component, options), ...idSettings(component), rejects: component.rejects && relative(dirname(output), component.rejects) },
    inputs: component.files,
    beside: component.rejects === null ? [] : [component.rejects]
  }
}

async function write (component: DocumentsJob, output: string, options: WriteOptions, job: Job | null): Promise<WrittenDocuments> {
  const started = performance.now()
  const resumable = job !== null
  return await keepingRejects(component.rejects, rejects => withThreadedFlow({ component, keepsRejects: rejects !== null, wants: isTextFile(output) ? 'documents' : 'lines', tokenizer: null }, options, async threaded => {
    const checkpoints = new Checkpoints({ every: options.checkpointEvery, save: job?.save ?? null, maxRecords: component.maxRecords })
    const { source, stages, judge } = documentsOf(component, options, { rejects, barriers: checkpoints, threaded })
    const sink = isTextFile(output) ? textSink(output, { resumable }) : threaded?.makesLines === true ? new LineSink('ndjson', output, threaded.line, { resumable }) : ndjsonSink(output, { resumable })
    checkpoints.begin({ source, stages: [...stages, judge], outputs: [sink, ...(rejects === null ? [] : [rejects])] }, job?.flow ?? null, passedIn(stages))
    await runFlow({ name: component.name, source, checkpoints }, [...stages, judge, sink], options)
    const counts = countsOf(source, stages)
    const isAll = component.maxRecords === null || counts.kept < component.maxRecords
    options.onRead?.(isAll ? component.files.length : source.position.file + 1)
    return { ...counts, seconds: job?.seconds ?? secondsSince(started) }
  }), { resumable })
}
