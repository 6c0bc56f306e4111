import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { table } from '../../lib/text/table.ts'
import type { Corpus } from './corpus.ts'
import { type Run, type Times, alternate, cellsOf, jsonOfTimes } from './measure.ts'

/** The maximum cost of checkpoints, in percent of the time. */
const ALLOWED_PERCENT = 2

/** `process-mixture` with checkpoints and without. */
export interface CheckpointCost {
  /** Bytes of the texts in UTF-8. */
  readonly bytes: number
  readonly on: Times
  readonly off: Times
  /** The additional time with checkpoints, in percent. */
  readonly percent: number
}

/**
 * Makes shards of the corpus, with and without checkpoints, in turn. Both sides write their rejects, one to a file, the
 * other to /dev/null: a run that writes to a device can't be resumed, so it writes no checkpoints.
 */
export async function checkpointCost (corpus: Corpus, count: number): Promise<CheckpointCost> {
  const tokenizer = await loadTokenizer(corpus.tokenizerPath)
  const run = async (name: string, rejects: string): Promise<Run> => {
    const folder = join(corpus.folder, name)
    const manifest = `${folder}.yaml`
    const filters = ['normalize', { length: { min_chars: 200, max_chars: 100_000 } }, { dedup: { window: 50_000 } }]
    await writeFile(manifest, JSON.stringify([{
      name, dataset: 'json', data_files: corpus.ndjson.path, filters, rejects, output_dir: folder
    }]))
    const options = {
      tokenizerPath: corpus.tokenizerPath,
      logFile: `${folder}.json`,
      runsDir: join(corpus.folder, 'runs'),
      overwrite: true,
      restart: true
    }
    return async () => { await processMixture(manifest, options, { tokenizer }) }
  }
  const nowhere = join(corpus.folder, 'nowhere.ndjson')
  await symlink('/dev/null', nowhere)
  const [on, off] = await alternate([
    await run('checkpoints', join(corpus.folder, 'rejects.ndjson')),
    await run('no-checkpoints', nowhere)
  ], count)
  return { bytes: corpus.textBytes, on: on!, off: off!, percent: (on!.best / off!.best - 1) * 100 }
}

/** The result as text. */
export function reportCheckpoint ({ bytes, on, off, percent }: CheckpointCost): string {
  const sides = table([
    ['process-mixture, no language', 'MB/s of text', 'seconds', 'slowest'],
    ['with checkpoints', ...cellsOf(bytes, on)],
    ['without', ...cellsOf(bytes, off)]
  ])
  const verdict = percent > ALLOWED_PERCENT ? 'too much' : 'reached'
  return `${sides}\ncheckpoints cost ${percent.toFixed(1)} %, allowed ${ALLOWED_PERCENT} %: ${verdict}`
}

/** The result as JSON. */
export function jsonOfCheckpoint ({ bytes, on, off, percent }: CheckpointCost): object {
  const [withThem, without] = [jsonOfTimes(bytes, on), jsonOfTimes(bytes, off)]
  return { mb_of: 'text', bytes, on: withThem, off: without, percent, allowed_percent: ALLOWED_PERCENT }
}
