/** The examples of schedules: their files are valid, and the commands in them do what their comments say. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { command } from '../../commands.ts'
import { ROOT, fixture, put, temporaryFolder } from '../../helpers.ts'
import { C4, hubForCommands } from '../../hub/process.ts'
import { t } from '../../tap.ts'

const EXAMPLES = join(ROOT, 'examples/schedule')
const UNITS = ['sluice-regenerate.service', 'sluice-regenerate.timer']
const textOf = (name: string): string => readFileSync(join(EXAMPLES, name), 'utf8')

/** The command of sluice in a file. */
function commandIn (name: string): string[] {
  const [, line] = /npx sluice (run .*?)(?: >>.*)?$/m.exec(textOf(name))!
  return line!.split(' ')
}

interface Workflow {
  readonly on: { readonly schedule: ReadonlyArray<{ readonly cron: string }> }
  readonly jobs: Readonly<Record<string, { readonly steps: ReadonlyArray<{ readonly run: string }> }>>
}

t.test('the files of the schedules are valid', async t => {
  const { on, jobs } = parse(textOf('github-actions.yml')) as Workflow
  t.strictSame(Object.keys(jobs), ['regenerate'])
  t.match(jobs.regenerate!.steps.map(({ run }) => run), [/^npx sluice run /, /current\/changes\.json$/])
  const line = textOf('crontab').split('\n').find(line => line.includes('npx'))!
  for (const fields of [on.schedule[0]!.cron, line.split(' ').slice(0, 5).join(' ')]) {
    t.match(fields, /^\d+ \* \* \* \*$/)
  }
  t.match(textOf(UNITS[0]!), /^\[Unit\]\n[^]*^\[Service\]\n[^]*^ExecStart=\/usr\/bin\/env npx sluice /m)
  t.match(textOf(UNITS[1]!), /^\[Timer\]\nOnCalendar=hourly\n[^]*^\[Install\]\nWantedBy=timers\.target$/m)
})

t.test('systemd accepts the units', { skip: !existsSync('/usr/bin/systemd-analyze') && 'there is no systemd' }, t => {
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...UNITS.map(name => join(EXAMPLES, name))], {
    encoding: 'utf8'
  })
  t.equal(status, 0, stderr)
  t.notMatch(stderr, /sluice-regenerate/)
  t.end()
})

t.test('the command of each schedule makes a version, and then finds nothing to do', async t => {
  await hubForCommands(t, { repos: [C4] })
  const cwd = temporaryFolder(t)
  copyFileSync(join(EXAMPLES, 'mixture.yaml'), join(cwd, 'mixture.yaml'))
  copyFileSync(fixture('tiny.model'), join(cwd, 'tokenizer.model'))
  const mail = readFileSync(join(ROOT, 'examples/mail.ndjson'), 'utf8')
  const versions = (): string[] => readdirSync(join(cwd, 'data/news')).filter(name => /^\d/.test(name))
  for (const [i, name] of ['crontab', UNITS[0]!, 'github-actions.yml'].entries()) {
    const args = [...commandIn(name), '--workers', '1']
    put(cwd, `inbox/${i}.ndjson`, mail)
    const made = await command(args, { cwd })
    t.equal(made.code, 0, made.stderr)
    t.match(made.stdout, i === 0 ? /is verified, and current\.$/m : /c4 +process +reused[^]*mail\.records: /)
    t.equal(versions().length, i + 1, name)
    const again = await command(args, { cwd })
    t.equal(again.code, 0, again.stderr)
    t.equal(again.stderr, '', 'no mail of cron')
    t.match(again.stdout, /^Nothing has changed since version data\/news\/\d{8}T\d{6}Z\.$/m)
  }
})
