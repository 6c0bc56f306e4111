/** Locks of other runs. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { lock } from '../../lib/output/lock.ts'
import { withLock } from '../../lib/output/with-lock.ts'
import { commandsHereIn } from '../commands.ts'
import { docs, failure, filesIn, ndjsonOf, pattern, put, temporaryFolder } from '../helpers.ts'
import { GOOD, MODEL, filter } from './case.ts'

const command = commandsHereIn(t)

t.test('ERR_LOCKED: a held lock, and a lock path that is no lock file', async t => {
  const path = put(temporaryFolder(t), 'a.lock', 'no lock')
  t.match(await failure(lock(path, 'shards')), {
    code: 'ERR_LOCKED',
    exitCode: 1,
    message: /a\.lock: is an incomplete lock file.*; if no other run writes here, delete it and run again/
  })
  rmSync(path)
  await withLock(path, 'shards', async () => {
    t.match(await failure(lock(path, 'shards')), {
      code: 'ERR_LOCKED',
      exitCode: 1,
      message: pattern(
        /^shards: is being written to by another run, process \d+ on host .*, which started at .*; /,
        /wait for it to end, or stop it/
      )
    })
  })
})

t.test('ERR_LOCKED: another run writes to the output of a command', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'good.ndjson', ndjsonOf(docs(3)))
  const says = (path: string): RegExp => new RegExp(`${path.replaceAll('.', '\\.')}: ` +
    `is being written to by another run, process ${process.pid} on host .*, which started at`)
  const commandsOf: Readonly<Record<string, readonly string[]>> = {
    'out.ndjson.checkpoint.json': filter('--data-files', 'good.ndjson'),
    'copy.ndjson.checkpoint.json': ['shard-corpus', '--data-files', 'good.ndjson', '--output', 'copy.ndjson'],
    'shards/checkpoint.json': [
      'shard-corpus', '--data-files', 'good.ndjson', '--tokenizer-path', MODEL, '--output-dir', 'shards', '--log-file',
      'stats.json'
    ]
  }
  for (const [path, args] of Object.entries(commandsOf)) {
    await withLock(join(cwd, `${path}.lock`), path, async () => {
      const before = filesIn(cwd)
      const { code, stdout, stderr } = await command(args, { cwd })
      t.strictSame({ code, stdout }, { code: 1, stdout: '' })
      t.match(stderr, says(path))
      t.match(stderr, '[ERR_LOCKED]')
      t.strictSame(filesIn(cwd), before)
    })
  }
  put(cwd, 'm.yaml', GOOD)
  await withLock(join(cwd, 'shards/checkpoint.json.lock'), 'shards', async () => {
    const { code, stderr } = await command([
      'process-mixture', 'm.yaml', '--tokenizer-path', MODEL, '--log-file', 'stats.json'
    ], { cwd })
    t.equal(code, 1)
    t.match(stderr, /1 of 1 components failed\na: shards\/checkpoint\.json: is being written to by another run/)
  })
  t.match(await command(filter('--data-files', 'good.ndjson'), { cwd }), { code: 0 }, 'the lock was released')
})
