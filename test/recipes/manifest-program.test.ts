/** A manifest is a program, and every command that reads one says so. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { command as runHere, commandProcess } from '../commands.ts'
import { ROOT, fixture, isThorough, put, temporaryFolder } from '../helpers.ts'

const READ_A_MANIFEST = [
  ['check'],
  ['licenses'],
  ['process-mixture'],
  ['run', '--dry-run'],
  ['train-tokenizer', '--manifest'],
  ['check-coverage', '--tokenizer-path', fixture('quickstart.model'), '--manifest']
] as const

t.test('each command that reads a manifest runs its modules, and its help says so', async t => {
  const folder = temporaryFolder(t)
  const log = put(folder, 'log', '')
  const module = put(folder, 'mine.mjs', `import { writeFileSync } from 'node:fs'
    export function stage () {
      writeFileSync(${JSON.stringify(log)}, 'was run')
      throw new Error('no further')
    }`)
  const data = put(folder, 'data.ndjson', '{"text":"The barge is late."}\n')
  const manifest = put(folder, 'manifest.yaml', `- { name: some, dataset: json, data_files: ${data}, filters: ` +
    `[{ use: ${module} }], output_dir: ${join(folder, 'some')} }\n`)
  const own = isThorough() ? commandProcess() : null
  const run = own?.run ?? runHere
  for (const [command, ...flags] of READ_A_MANIFEST) {
    writeFileSync(log, '')
    t.match(await run([command, ...flags, manifest]), { code: 2, stderr: 'no further' }, command)
    t.equal(readFileSync(log, 'utf8'), 'was run', command)
    const { stdout } = await run([command, '--help'])
    t.match(
      stdout.replace(/\s+/g, ' '), 'It is a program: each module that it names with use: is run', `${command} --help`
    )
  }
  await own?.end()
})

t.test('the README warns of it, and the page on custom stages lists the commands', async t => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  t.match(readme, '[A manifest is a program](lib/stage/README.md#in-a-manifest)')
  const page = readFileSync(join(ROOT, 'lib/stage/README.md'), 'utf8')
  const [warning] = /^\*\*A manifest is a program\.\*\* .*$/m.exec(page)!
  for (const [command] of READ_A_MANIFEST) t.match(warning, `\`${command}`)
})
