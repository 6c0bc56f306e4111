import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { table } from '../../lib/text/table.ts'
import { CHECK_HEADER, type Check, checkRows, isReached } from './checks.ts'
import { type Taken, freshFolder, hashOfFiles, runCommand } from './command.ts'
import { writeInput } from './cores-inputs.ts'
import type { Corpus } from './corpus.ts'

const LARGE_BYTES = 1_000_000_000
const QUICK_BYTES = 200_000_000
/** Tasks of each phase, and the size of a unit if there is little text, so that every task has several. */
const TASKS = 4
const QUICK_UNIT_BYTES = 16 * 2 ** 20
const UNIT_BYTES = 64 * 2 ** 20

const MOST_TIMES = 1.15
const MOST_MAP_MB = 400

/** A command, or all tasks of a phase together. */
export interface TaskUsage {
  readonly name: string
  readonly seconds: number
  readonly cpuSeconds: number
  /** The largest of its processes. */
  readonly peakBytes: number
}

/** The cost of making the same shards in one process, and by tasks. */
export interface TaskFigures {
  readonly documents: number
  readonly textBytes: number
  /** The run of each that took the least CPU time. */
  readonly one: TaskUsage
  readonly phases: readonly TaskUsage[]
  readonly checks: readonly Check[]
}

/** Makes shards by `process-mixture` and by the tasks of a plan, alternately, and compares the CPU time. */
export async function taskFigures (
  { folder, tokenizerPath }: Corpus, { quick, runs }: { readonly quick: boolean, readonly runs: number }
): Promise<TaskFigures> {
  const place = join(folder, 'tasks')
  const { files: [file], documents, textBytes } =
    await writeInput(folder, 'tasks-input', quick ? QUICK_BYTES : LARGE_BYTES, ['NDJSON'])
  const arguments_ = ['--tokenizer-path', tokenizerPath, '--stats', 'stats.json', '--runs-dir', 'runs']
  const unitBytes = quick ? QUICK_UNIT_BYTES : UNIT_BYTES
  const ones: TaskUsage[] = []
  const others: TaskUsage[][] = []
  for (let run = 0; run < runs; run++) {
    const manifest = await freshManifest(place, file!.path)
    ones.push(together('process-mixture', [
      await runCommand(['process-mixture', manifest, '--workers', '1', ...arguments_], place)
    ]))
    const expected = await hashOfFiles(join(place, 'shards'), '.npy')
    await freshManifest(place, file!.path)
    others.push(await phasesOf(place, [manifest, '--unit-bytes', `${unitBytes}`, ...arguments_]))
    if (await hashOfFiles(join(place, 'shards'), '.npy') !== expected) {
      throw new Error('the tasks made other shards than process-mixture')
    }
  }
  const one = least(ones, ({ cpuSeconds }) => cpuSeconds)
  const phases = least(others, cpuOf)
  const map = phases.find(({ name }) => name === 'map')!
  const checks: Check[] = [
    {
      what: 'CPU time of the tasks, of process-mixture',
      value: cpuOf(phases) / one.cpuSeconds,
      unit: 'times',
      is: 'at most',
      wanted: MOST_TIMES
    },
    { what: 'memory of a map task', value: map.peakBytes / 1e6, unit: 'MB', is: 'at most', wanted: MOST_MAP_MB }
  ]
  return { documents, textBytes, one, phases, checks }
}

async function freshManifest (place: string, input: string): Promise<string> {
  await freshFolder(place)
  const manifest = join(place, 'mixture.yaml')
  // JSON is YAML.
  await writeFile(manifest, JSON.stringify([{
    name: 'bench',
    dataset: 'json',
    data_files: input,
    filters: ['normalize', { length: { min_chars: 200 } }, { dedup: { window: 100_000 } }],
    output_dir: 'shards'
  }]))
  return manifest
}

/** Plans, and runs the tasks of each phase one after another, each in its own process. */
async function phasesOf (place: string, planned: readonly string[]): Promise<TaskUsage[]> {
  const phases = [together('plan', [await runCommand(['plan', ...planned, '--output', 'plan'], place)])]
  for (const [phase, world] of [['map', TASKS], ['decide', 1], ['pack', TASKS], ['finish', 1]] as const) {
    const tasks: Taken[] = []
    for (let rank = 0; rank < world; rank++) {
      const task = ['task', 'plan', '--phase', phase, '--rank', `${rank}`, '--world', `${world}`, '--workers', '1']
      tasks.push(await runCommand(task, place))
    }
    phases.push(together(phase, tasks))
  }
  return phases
}

function together (name: string, tasks: readonly Taken[]): TaskUsage {
  const sum = (key: 'seconds' | 'cpuSeconds'): number => tasks.reduce((sum, task) => sum + task[key], 0)
  const peakBytes = Math.max(...tasks.map(task => task.peakBytes))
  return { name, seconds: sum('seconds'), cpuSeconds: sum('cpuSeconds'), peakBytes }
}

function cpuOf (phases: readonly TaskUsage[]): number {
  return phases.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
}

function least<T> (items: readonly T[], of: (item: T) => number): T {
  return items.reduce((least, item) => of(item) < of(least) ? item : least)
}

/** Whether all requirements were met. @param tolerance the share by which the CPU time may be missed */
export function isCheap ({ checks }: TaskFigures, tolerance: number): boolean {
  return checks.every(check => isReached({
    ...check, wanted: check.unit === 'times' ? check.wanted * (1 + tolerance) : check.wanted
  }))
}

/** The result as text. */
export function reportTasks ({ documents, textBytes, one, phases, checks }: TaskFigures): string {
  const cells = ({ name, seconds, cpuSeconds, peakBytes }: TaskUsage): string[] =>
    [name, seconds.toFixed(1), cpuSeconds.toFixed(2), (peakBytes / 1e6).toFixed(0)]
  return [
    `${documents} documents, ${(textBytes / 1e6).toFixed(0)} MB of text; ${TASKS} tasks of map and of pack`,
    table([['', 'seconds', 'CPU seconds', 'peak MB'], cells(one), ...phases.map(cells)]),
    table([CHECK_HEADER, ...checkRows(checks)])
  ].join('\n\n')
}

/** The result as JSON. */
export function jsonOfTasks ({ documents, textBytes, one, phases, checks }: TaskFigures): object {
  const usage = ({ name, seconds, cpuSeconds, peakBytes }: TaskUsage): object =>
    ({ name, seconds, cpu_seconds: cpuSeconds, peak_bytes: peakBytes })
  return { documents, text_bytes: textBytes, one: usage(one), phases: phases.map(usage), checks }
}
