/**
 * The process that the kill check kills. `inputs FOLDER DOCUMENTS` writes the inputs of the jobs; `JOB LOG [WORKERS]`
 * does a job in the working folder, and logs each flow that begins (+) and ends (-), each document that is encoded (.)
 * and SIGTERM (!), synchronously, so that no entry is lost when the process is killed.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs'
import { codeOf } from '../../lib/errors.ts'
import { readManifest } from '../../recipes/manifest/read.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { schedule } from '../../recipes/jobs/schedule.ts'
import { knownStages } from '../../recipes/stages.ts'
import { MANIFEST, TOKENIZER, killJobs } from '../kill-jobs.ts'
import { writeKillInputs } from './kill-inputs.ts'

const [task, ...rest] = process.argv.slice(2)
if (task === 'inputs') await writeKillInputs(rest[0]!, Number(rest[1]))
else await work(task!, rest[0]!, rest[1] === undefined ? undefined : Number(rest[1]))

async function work (job: string, logPath: string, workers: number | undefined): Promise<void> {
  const log = openSync(logPath, 'w')
  const tokenizer = await loadTokenizer(TOKENIZER)
  const stop = new AbortController()
  process.once('SIGTERM', () => {
    writeSync(log, '\n!\n')
    stop.abort()
  })
  const watch = ({ name }: { readonly name: string }): () => void => {
    writeSync(log, `\n+${name}\n`)
    return () => { writeSync(log, `\n-${name}\n`) }
  }
  // A kill while a flow loads would test nothing.
  await Promise.all([readManifest(MANIFEST, knownStages), schedule([], 1)])
  process.stdout.write('started\n')
  const { REFRESH_SECONDS: seconds } = process.env
  const locking = seconds === undefined ? {} : { refreshSeconds: Number(seconds) }
  try {
    const result = await killJobs[job]!.run({
      ...locking,
      signal: stop.signal,
      watch,
      watchWork: watch,
      tokenizer: {
        ...tokenizer,
        append (text, ids) {
          writeSync(log, '.')
          tokenizer.append(text, ids)
        }
      }
    }, workers)
    writeFileSync('result.json', JSON.stringify(result))
  } catch (error) {
    process.stdout.write(`failed ${codesOf(error).join(' ')}\n`)
    process.stderr.write(`${String(error)}\n`)
    process.exitCode = 1
  }
}

/** The codes of an error and of its causes. */
function codesOf (error: unknown): string[] {
  return error instanceof Error ? [codeOf(error) ?? error.name, ...codesOf(error.cause)] : []
}
