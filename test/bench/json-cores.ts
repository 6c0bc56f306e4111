import type { Check } from './checks.ts'
import { type CoresFigures, WORKERS, wasFree } from './cores.ts'
import type { Times } from './measure.ts'

/** The result as JSON. */
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

function timesOf ({ best, seconds }: Times) {
  return { best_seconds: best, seconds }
}

function checkOf ({ what, value, unit, is, wanted }: Check) {
  return { what, value, unit, is, wanted }
}
