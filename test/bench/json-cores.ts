import type { Check } from './checks.ts'
import { type CoresFigures, WORKERS, wasFree } from './cores.ts'
import type { Times } from './measure.ts'
import type { RivalFigures, Side } from './rivals.ts'

/** For programs, as `json` of `print.ts` has the others. */
export function jsonOfCores (figures: CoresFigures): object {
  const { cores, counting, scalings, little, checks } = figures
  return {
    cores,
    machine_was_free: wasFree(figures),
    counting: { one: timesOf(counting.one), two: timesOf(counting.two), gain: counting.gain },
    commands: scalings.map(({ command, kind, textBytes, documents, times, usage }) => ({
      command,
      file: kind,
      text_bytes: textBytes,
      documents,
      runs: WORKERS.map(workers => {
        const { peakBytes, cpuSeconds, mainSeconds } = usage[workers]
        return {
          workers,
          mb_per_second: textBytes / 1e6 / times[workers].best,
          ...timesOf(times[workers]),
          peak_bytes: peakBytes,
          cpu_seconds: cpuSeconds,
          main_thread_cpu_seconds: mainSeconds
        }
      })
    })),
    little: { text_bytes: little.textBytes, one: timesOf(little.one), unasked: timesOf(little.unasked) },
    checks: checks.map(checkOf)
  }
}

/** As `jsonOfCores`. */
export function jsonOfRivals ({ races, checks, notes }: RivalFigures): object {
  const sideOf = ({ documents, kept, textBytes, times, cpuSeconds, wholeSeconds }: Side) => ({
    documents,
    kept,
    text_bytes: textBytes,
    mb_per_second: textBytes / 1e6 / times.best,
    ...timesOf(times),
    cpu_seconds: cpuSeconds,
    process_seconds: wholeSeconds
  })
  return {
    races: races.map(({ name, ours, theirs, ratio }) => ({
      name, ours: sideOf(ours), theirs: { with: theirs.with, ...sideOf(theirs) }, ratio
    })),
    checks: checks.map(checkOf),
    notes
  }
}

function timesOf ({ best, seconds }: Times) {
  return { best_seconds: best, seconds }
}

function checkOf ({ what, value, unit, is, wanted }: Check) {
  return { what, value, unit, is, wanted }
}
