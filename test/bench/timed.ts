import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The cost of a program from its start to its end, with all of its threads. */
export interface Timed {
  readonly seconds: number
  /** Seconds, user and system. */
  readonly cpuSeconds: number
  /** The peak of its resident memory. */
  readonly peakBytes: number
}

/** Whether GNU's command `time` is installed, which `runTimed` uses. */
export function hasTime (): boolean {
  const { error, stdout, stderr } = spawnSync('time', ['--version'], { encoding: 'utf8' })
  return error === undefined && `${stdout}${stderr}`.includes('GNU')
}

/**
 * Runs a program in a separate process, in any language. It is started by `time`, which is small: the system's figure
 * for the memory of a process includes that of the process that started it.
 *
 * @param notes a file for the output of `time`
 * @throws Error if the program fails
 */
export async function runTimed (notes: string, program: string, args: readonly string[]): Promise<Timed> {
  const started = performance.now()
  await promisify(execFile)('time', ['-q', '-f', '%U %S %M', '-o', notes, program, ...args], { maxBuffer: 2 ** 30 })
  const seconds = (performance.now() - started) / 1000
  const [user, system, peak] = (await readFile(notes, 'utf8')).trim().split(' ').map(Number) as [number, number, number]
  return { seconds, cpuSeconds: user + system, peakBytes: peak * 1024 }
}
