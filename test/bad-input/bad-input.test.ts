/**
 * Every way in which a call, a manifest or the data can be wrong: the error's code, the exit code, and the message with
 * the position. A code without a case fails the test.
 */
import { t } from '../tap.ts'
import { type ErrorCode, errorCodes } from '../../lib/errors.ts'
import { dedup } from '../../transforms/dedup.ts'
import { command, commandProcess } from '../commands.ts'
import { docs, filesIn, isThorough, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { setHubEnvironment } from '../hub/environment.ts'
import { RECORDS, filter } from './case.ts'
import { commandLineCases } from './command-line.ts'
import { fileCases } from './files.ts'
import { manifestCases } from './manifests.ts'
import { recordCases } from './records.ts'
import { resultCases } from './results.ts'

t.teardown(setHubEnvironment({ HF_HUB_OFFLINE: '1' })) // no case may reach the Hub
const commands = commandProcess()
/** In `npm test` most cases run in the test's process. */
const run = isThorough() ? commands.run : command

const cases = [commandLineCases, manifestCases, fileCases, recordCases, resultCases]
  .flatMap(table => Object.entries(table))

/** Error codes that no single call produces, and the tests that cover them. */
const elsewhere: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_ABORTED: 'test/recipes/cli/cli.test.ts: SIGINT and SIGTERM',
  ERR_CHECKPOINT: 'test/spoiled-runs.test.ts: a run that was stopped, and can\'t be resumed',
  ERR_DATASET: 'test/recipes/hub-refusals.test.ts: a stand-in Hub',
  ERR_LICENSE: 'test/recipes/licenses.test.ts: the table is printed all the same',
  ERR_LOCKED: 'test/bad-input/locks.test.ts: a lock that is held',
  ERR_STATE: 'below: a state that is restored in code'
}

for (const [name, { code, args, input, files = {}, says, leaves = [] }] of cases) {
  t.test(`${code}: ${name}`, async t => {
    const cwd = temporaryFolder(t)
    put(cwd, 'good.ndjson', RECORDS)
    for (const [file, content] of Object.entries(files)) put(cwd, file, content)
    const before = filesIn(cwd)
    const ended = await run(args, { cwd, ...(input !== undefined && { input }) })
    t.equal(ended.code, errorCodes[code].exit, ended.stderr)
    t.equal(ended.stdout, '')
    t.match(ended.stderr, says)
    if (args.length > 0) t.match(ended.stderr, `[${code}]`)
    t.notMatch(ended.stderr, /\n {4}at |unexpected error/, 'no stack trace is printed for a user error')
    t.strictSame(filesIn(cwd), [...before, ...leaves].sort(), 'no new files are left')
  })
}

t.test('ERR_STATE: a state of another stage is refused', async t => {
  t.throws(() => { dedup({ window: 3 }).restore({ window: 4, hashes: '' }) }, { code: 'ERR_STATE', exitCode: 1 })
})

t.test('every error code has a case', async t => {
  const covered = new Set([...cases.map(([, { code }]) => code), ...Object.keys(elsewhere)])
  t.strictSame(Object.keys(errorCodes).filter(code => !covered.has(code)), [])
})

t.test('a limit on bad records leaves good input readable', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'a.ndjson', ndjsonOf(docs(5)) + 'bad\n')
  t.match(await run(filter('--data-files', 'a.ndjson', '--max-bad', '1'), { cwd }), {
    code: 0, stdout: /ndjson\.bad_json 1/
  })
  t.match(await run(filter('--data-files', 'a.ndjson', '--max-bad', '20%'), { cwd }), { code: 0 })
  t.strictSame(filesIn(cwd), ['a.ndjson', 'out.ndjson'])
})

t.test('no failed case keeps a process running', async t => {
  const cwd = temporaryFolder(t)
  const some = cases.filter((_, i) => !isThorough() && i % 12 === 5)
  for (const [, { code, args, input = '', files = {} }] of some) {
    put(cwd, 'good.ndjson', RECORDS)
    for (const [file, content] of Object.entries(files)) put(cwd, file, content)
    t.equal((await commands.run(args, { cwd, input })).code, errorCodes[code].exit, args.join(' '))
  }
  t.match(await commands.end(), { code: 0, signal: null })
})
