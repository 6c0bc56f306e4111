/** `examples/torch_dataset.py`, in PyTorch or a stand-in for it, and the same rows from `examples/load-shards.mjs`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../lib/package.ts'
import { npySink } from '../../sinks/npy.ts'
import { pack } from '../../transforms/pack.ts'
import type { Checks } from './checks.ts'

const PYTHON = '/usr/bin/python3'
const EXAMPLES = join(packageRoot(), 'examples')

interface Loaded {
  readonly checks: ReadonlyArray<[name: string, passed: boolean]>
  /** Rows of each rank. */
  readonly rows: ReadonlyArray<ReadonlyArray<readonly number[]>>
}

/** What the check uses of `examples/load-shards.mjs`. */
interface LoadShards {
  readonly loadShards: (
    folders: readonly string[], options: Readonly<Record<string, unknown>>
  ) => AsyncGenerator<{ readonly ids: Int32Array }>
}

/** @param folder to work in */
export async function judgeLoading (checks: Checks, folder: string): Promise<void> {
  if (spawnSync(PYTHON, ['-c', 'import numpy']).status !== 0) {
    checks.skip('loading shards in Python and in Node', `numpy is not installed for ${PYTHON}`)
    return
  }
  const folders = [join(folder, 'loaded/a'), join(folder, 'loaded/b')]
  await writeShards(folders[0]!, 1, 200)
  await writeShards(folders[1]!, 201, 350)
  const printed = execFileSync(PYTHON, ['-B', join(packageRoot(), 'test/checks/loading.py'), EXAMPLES, ...folders], {
    encoding: 'utf8'
  })
  const { checks: found, rows } = JSON.parse(printed) as Loaded
  for (const [name, passed] of found) checks.check(`torch_dataset.py: ${name}`, passed)
  const { loadShards } = await import(pathToFileURL(join(EXAMPLES, 'load-shards.mjs')).href) as LoadShards
  for (const [rank, expected] of rows.entries()) {
    const read: number[][] = []
    const options = { weights: [0.25, 0.75], seed: 11, epoch: 2, start: 8, rank, worldSize: 2 }
    for await (const { ids } of loadShards(folders, options)) read.push([...ids])
    checks.checkSame(`load-shards.mjs: rank ${rank} reads the rows that torch_dataset.py reads`, read, expected)
  }
}

/** Shards of documents of 3 to 40 ids: 100 times the document's number, and the place. */
async function writeShards (folder: string, from: number, to: number): Promise<void> {
  const documents = Array.from({ length: to - from }, (_, i) => ({
    id: `d${from + i}`,
    ids: Int32Array.from({ length: 3 + (7 * i) % 38 }, (_, place) => 100 * (from + i) + place),
    meta: {}
  }))
  const packed = pack({ seqLen: 16, packing: 'best_fit', packingWindow: 20, padId: 0 })
  await pipeline(Readable.from(documents), packed, npySink(folder, { sequencesPerShard: 50 }))
}
