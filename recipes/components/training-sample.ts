import { Writable } from 'node:stream'
import type { Document } from '../../lib/document.ts'
import { type DocumentCounts, countsOf } from '../flow/counts.ts'
import { type ReadOptions, documentsOf } from '../flow/documents.ts'
import { type RunOptions, runFlow } from '../flow/flow.ts'
import { type FlowPart, withThreadedFlow } from '../flow/workers/threaded-flow.ts'
import type { ThreadOptions } from '../flow/workers/threads.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { secondsSince } from '../../lib/text/numbers.ts'

/** The documents of a dataset that a tokenizer was trained on. */
export interface SampleStats extends DocumentCounts {
  readonly name: string
  readonly dataset: string
  readonly subset: string | null
  readonly split: string
  readonly license: string | null
  readonly data_files: string | readonly string[]
  /** Documents that the tokenizer was trained on. */
  readonly samples: number
  readonly sample_limit: number
  readonly seconds: number
}

type SampleOptions = RunOptions & ReadOptions & ThreadOptions

/** Adds the first documents of a dataset that pass its filters to the text that a trainer learns from. */
export async function addSamples (
  component: FoundComponent, trainer: { add: (text: string) => void }, options: SampleOptions
): Promise<SampleStats> {
  const { name, dataset, subset, split, license, files, sampleLimit } = component
  const sampled = { ...component, maxRecords: sampleLimit === 0 ? null : sampleLimit, rejects: null }
  const part: FlowPart = { component: sampled, keepsRejects: false, wants: 'documents', tokenizer: null }
  const started = performance.now()
  return await withThreadedFlow(part, options, async threaded => {
    const { source, stages, check } = documentsOf(sampled, options, { threaded })
    const sink = new Writable({
      objectMode: true,
      write ({ text }: Document, _encoding, done) {
        trainer.add(text)
        done()
      }
    })
    await runFlow({ name: `${name} (sample)`, source }, [...stages, check, sink], options)
    const counts = countsOf(source, stages)
    return {
      name,
      dataset,
      subset,
      split,
      license,
      data_files: files.map(({ path }) => path),
      samples: counts.kept,
      sample_limit: sampleLimit,
      ...counts,
      seconds: secondsSince(started)
    }
  })
}
