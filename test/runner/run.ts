import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runFiles } from './file.ts'
import { groupsOf } from './groups.ts'
import type { Failure } from './report.ts'
import { changesBetween, treeOf } from './tree.ts'

export interface RunOptions {
  /** The checkout, which tests must not change. */
  readonly root: string
  /** Built test files, relative to the checkout. */
  readonly files: readonly string[]
  /** The number of concurrent processes. */
  readonly jobs: number
  /** Seconds without a report after which a test fails. */
  readonly limit: number
  readonly print: (line: string) => void
  readonly signal?: AbortSignal
}

/**
 * Runs test files in a number of concurrent processes, and prints how each of them ended; the last line has the totals.
 * They run in the checkout, which must be unchanged at the end, and write into a temporary folder, which is deleted.
 *
 * @returns whether all tests have passed
 */
export async function runTests ({ root, files, jobs, limit, print, signal }: RunOptions): Promise<boolean> {
  const temporary = mkdtempSync(join(tmpdir(), 'sluice tests-'))
  const before = treeOf(root)
  const failed: string[] = []
  const total = { passed: 0, failed: 0, skipped: 0 }
  const fail = (where: string, failures: readonly Failure[]): void => {
    for (const { test, details } of failures) {
      const name = test === '' ? where : `${where}: ${test}`
      total.failed++
      failed.push(name)
      print(`  FAILED ${name}\n${indented(details)}`)
    }
  }

  const waiting = groupsOf(root, files, jobs)
  const work = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined && signal?.aborted !== true; group = waiting.shift()) {
      const options = { cwd: root, limit, env: { ...process.env, TMPDIR: temporary } }
      const paths = group.map(file => join(root, file))
      for (const { file, passed, skipped, failures, stderr, seconds } of await runFiles(paths, signal
        ? { ...options, signal }
        : options)) {
        total.passed += passed
        total.skipped += skipped
        print(`${failures.length === 0 ? 'ok    ' : 'not ok'} ${file} ${seconds.toFixed(1)} s`)
        fail(file, failures)
        if (failures.length > 0 && stderr !== '') print(`  stderr:\n${indented(stderr)}`)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: jobs }, work))
    fail('the checkout', changesBetween(before, treeOf(root)).map(path => ({
      test: path, details: 'it has changed while the tests ran'
    })))
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  if (failed.length > 0) print(['', 'Failed:', ...failed.map(name => `  ${name}`)].join('\n'))
  print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return total.failed === 0 && signal?.aborted !== true
}

const indented = (text: string): string => text.replace(/^/gm, '    ')
