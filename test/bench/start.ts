import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { packageRoot } from '../../lib/package.ts'
import { type Run, type Times, alternate } from './measure.ts'

/** What a pipe pays for each of its commands before the first document. */
export interface Start {
  /** `sluice length`, without a document. */
  readonly sluice: Times
  /** `node -e 0`, which is nothing of ours. */
  readonly node: Times
}

/** Starts both in turn, and waits for their ends. */
export async function startTimes (count: number): Promise<Start> {
  const [sluice, node] = await alternate([
    starting(join(packageRoot(), 'dist/recipes/cli/main.js'), 'length'),
    starting('-e', '0')
  ], count)
  return { sluice: sluice!, node: node! }
}

function starting (...args: readonly string[]): Run {
  return async () => {
    const [code] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'close') as [number | null]
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${code}`)
  }
}
