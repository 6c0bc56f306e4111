/** How the runner reports files that don't pass: each of these fails a run. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../tap.ts'
import { builtModule, filesIn, isThorough, put, temporaryFolder } from '../helpers.ts'
import { type RunOptions, runTests } from './run.ts'

const PASSING = 'console.log("TAP version 14\\nok 1 - it holds\\n1..1")'

/** A program that runs its tests with tap, which may share a process. */
const byTap = (program: string): string => `import { t } from '${builtModule('test/tap')}'\n${program}`
const isTap = (program: string): boolean => program.startsWith('import { t }')

/** Runs programs as test files. */
async function ran (
  t: Test,
  programs: Readonly<Record<string, string>>,
  options: Partial<RunOptions> = {}
): Promise<{ passed: boolean, lines: string[], root: string }> {
  const root = temporaryFolder(t)
  for (const [name, program] of Object.entries(programs)) {
    put(root, `dist/test/${name}.test.js`, isTap(program) ? program : `// Runs alone: it prints TAP itself\n${program}`)
  }
  mkdirSync(join(root, 'node_modules'))
  const lines: string[] = []
  const passed = await runTests({
    root,
    files: Object.keys(programs).map(name => `dist/test/${name}.test.js`),
    jobs: 2,
    limit: 60,
    print: line => { lines.push(...line.split('\n')) },
    ...options
  })
  return { passed, lines, root }
}

t.test('passed and skipped tests are counted', async t => {
  const { passed, lines } = await ran(t, {
    a: PASSING,
    b: 'console.log("# Subtest: x\\n    ok 1 - y\\n    ok 2 - z # SKIP no disk\\n    1..2\\nok 1 - x\\n1..1")',
    c: 'console.error("a warning"); console.log("not TAP\\n1..0 # SKIP not here")'
  })
  t.equal(passed, true)
  t.strictSame(lines.map(line => line.replace(/\d+\.\d s$/, 'N s')).sort(), [
    '2 passed, 0 failed, 1 skipped',
    ...['a', 'b', 'c'].map(name => `ok     test/${name}.test.ts N s`)
  ])
})

const FAILING: Readonly<Record<string, readonly [program: string, names: string, says: RegExp]>> = {
  'an assertion': [
    'console.log("# Subtest: x\\n    not ok 1 - y\\n      ---\\n      found: ' +
      '7\\n      ...\\n    1..1\\nnot ok 1 - x\\n1..1"); process.exitCode = 1',
    ': x > y',
    /found: 7/
  ],
  'a file without output': ['', '', /the file has no test/],
  'a file without a test': ['console.log("TAP version 14\\n1..0")', '', /the file has no test/],
  'a test without an assertion': [
    'console.log("# Subtest: x\\n    1..0\\nok 1 - x\\n1..1")', ': x', /the test has no assertion/
  ],
  'an exit code after the last test': [`${PASSING}; process.exitCode = 3`, '', /the process ended with exit code 3/],
  'a signal': [`${PASSING}; process.kill(process.pid)`, '', /the process ended with signal SIGTERM/],
  'a plan with another number of tests': ['console.log("ok 1 - x\\n1..2")', '', /incorrect number of tests/],
  'no plan': ['console.log("ok 1 - x")', '', /plan/],
  'a plan of a test with another number of assertions': [
    'console.log("# Subtest: x\\n    ok 1 - y\\n    1..2\\nnot ok 1 - x\\n1..1")',
    ': x',
    /incorrect number of tests/
  ],
  'an error': [`${PASSING}; throw new Error("after all")`, '', /after all/]
}

/** The output for one file. */
function linesOf (file: string, lines: readonly string[]): readonly string[] {
  const isResult = (line: string): boolean => /^(?:not ok|ok {4}) /.test(line)
  const begin = lines.findIndex(line => isResult(line) && line.includes(` test/${file}.test.ts `))
  const rest = lines.slice(begin + 1)
  const end = rest.findIndex(line => isResult(line) || line === 'Failed:')
  return [lines[begin]!, ...rest.slice(0, end)]
}

const failing = Object.entries(FAILING)

// In `npm run thorough` each of them has a separate run, in which nothing else fails.
for (const cases of isThorough() ? failing.map(one => [one]) : [failing]) {
  t.test(`fails the run, by file and test: ${cases.map(([name]) => name).join(', ')}`, async t => {
    const programs = Object.fromEntries(cases.map(([, [program]], i) => [`a${i}`, program]))
    const { passed, lines } = await ran(t, { ...programs, b: PASSING })
    t.equal(passed, false)
    const summary = lines.slice(lines.indexOf('Failed:') + 1)
    for (const [i, [name, [, where, says]]] of cases.entries()) {
      t.match(linesOf(`a${i}`, lines).join('\n'), says, name)
      t.match(summary.filter(line => line.startsWith(`  test/a${i}.test.ts`)), [`  test/a${i}.test.ts${where}`], name)
    }
    t.match(summary.at(-1), /^\d+ passed, [1-9]\d* failed, 0 skipped$/)
  })
}

t.test('a test that hangs is killed and named, with the processes it started', async t => {
  const hanging = `const { spawn } = await import('node:child_process')
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
    console.log("# Subtest: outer\\n    # Subtest: inner\\n        ok 1 - began")`
  const { passed, lines } = await ran(t, { a: `${hanging}\nsetInterval(() => {}, 1000)` }, { limit: 3 })
  t.equal(passed, false)
  t.match(lines.join('\n'), /FAILED test\/a\.test\.ts: outer > inner\n {4}nothing was reported for 3 s/)
})

t.test('a test that writes into the checkout fails the run, one that writes into TMPDIR does not', async t => {
  const write = (path: string): string =>
    `await import('node:fs').then(({ writeFileSync }) => { writeFileSync(${path}, 'x') }); ${PASSING}`
  const { passed, lines, root } = await ran(t, {
    a: write('"made.txt"'),
    b: write('"dist/test/a.test.js"'),
    c: write('process.env.TMPDIR + "/x"'),
    d: write('"node_modules/x"')
  }, { jobs: 1 })
  t.equal(passed, false)
  t.strictSame(lines.slice(lines.indexOf('Failed:') + 1, -1), [
    '  the checkout: dist/test/a.test.js', '  the checkout: made.txt'
  ])
  t.strictSame(filesIn(root).filter(name => !name.startsWith('dist')), ['made.txt', 'node_modules/x'])
})

t.test('a stopped run ends at once, and fails', async t => {
  const stop = new AbortController()
  setTimeout(() => { stop.abort() }, 300)
  t.match(
    await ran(t, { a: `${PASSING}; setInterval(() => {}, 1000)`, b: PASSING }, { signal: stop.signal, jobs: 1 }),
    { passed: false }
  )
})

t.test('files share a process; each is reported separately', async t => {
  const loaded = 'globalThis.loaded = (globalThis.loaded ?? 0) + 1'
  const { passed, lines } = await ran(t, {
    'x/a': byTap(`${loaded}; t.test('one', t => { t.equal(globalThis.loaded, 1); t.end() })`),
    'x/b': byTap(`${loaded}; t.test('two', t => { t.equal(globalThis.loaded, 2); t.equal(3, 4, 'is four'); t.end() })`),
    'x/c': byTap(`${loaded}; t.test('three', t => { t.end() })`),
    'x/d': byTap(''),
    'x/e': byTap('t.test(\'of five\', { skip: \'not here\' }, t => { t.end() })'),
    'y/a': byTap('t.equal(globalThis.loaded, 3)')
  }, { jobs: 1 })
  t.equal(passed, false)
  t.strictSame(lines.filter(line => /^(not )?ok /.test(line)).map(line => line.replace(/\d+\.\d s$/, 'N s')), [
    'ok     test/x/a.test.ts N s', 'not ok test/x/b.test.ts N s', 'not ok test/x/c.test.ts N s', 'not ' +
      'ok test/x/d.test.ts N s', 'ok     test/x/e.test.ts N s', 'ok     test/y/a.test.ts N s'
  ])
  t.strictSame(lines.slice(lines.indexOf('Failed:') + 1), [
    '  test/x/b.test.ts: two > is four', '  test/x/c.test.ts: three', '  test/x/d.test.ts', '5 passed, 3 failed, ' +
      '1 skipped'
  ])
})

t.test('a file that leaves the environment changed fails the run, and is named by the next one', async t => {
  const { passed, lines } = await ran(t, {
    'x/a': byTap(`process.env.BACK = '1'; t.teardown(() => { delete process.env.BACK })
      t.test('one', t => { t.equal(process.env.BACK, '1'); t.end() })`),
    'x/b': byTap('process.env.LEFT = "1"; t.test("two", t => { t.pass("holds"); t.end() })'),
    'x/c': byTap('t.test("three", t => { t.equal(process.env.LEFT, undefined); t.end() })')
  }, { jobs: 1 })
  t.equal(passed, false)
  t.strictSame(lines.slice(lines.indexOf('Failed:') + 1), [
    '  test/x/c.test.ts: test/x/b.test.ts has changed LEFT, expected it to set the environment back',
    '3 passed, 1 failed, 0 skipped'
  ])
})

t.test('a file that ends its process fails, and so do the files after it in that process', async t => {
  const { passed, lines } = await ran(t, {
    'x/a': byTap("t.test('one', t => { t.pass('holds'); t.end() })"),
    'x/b': byTap("t.test('two', t => { setTimeout(() => { throw new Error('lost') }); setTimeout(t.end, 1000) })"),
    'x/c': byTap("t.test('three', t => { t.pass('holds'); t.end() })")
  }, { jobs: 1 })
  t.equal(passed, false)
  t.match(
    lines.join('\n'),
    /not ok test\/x\/b\.test\.ts[^]*lost[^]*not ok test\/x\/c\.test\.ts[^]*it has not ended: another file/
  )
  t.match(lines.at(-1), /^1 passed, \d+ failed, 0 skipped$/)
})
