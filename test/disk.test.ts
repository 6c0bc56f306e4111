/** Files when the disk is full, read-only or without permission: on a real disk, a small one, if it can be mounted. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { t } from './tap.ts'
import type { Document } from '../lib/document.ts'
import { lock } from '../lib/output/lock.ts'
import { readNpy } from '../lib/shards/npy.ts'
import { ndjsonSink } from '../sinks/ndjson.ts'
import { npySink } from '../sinks/npy.ts'
import { textSink } from '../sinks/text.ts'
import { smallDisk } from './disks.ts'
import { ROOT, closed, doc, failure, filesIn, howMany, ndjsonOf, pattern, put, temporaryFolder } from './helpers.ts'

const DISK = 'size=256k'
/** Several times the size of the write buffers. */
const LARGE = howMany(2_000_000, 5_000_000)
const isRoot = process.getuid?.() === 0

/** Text that hardly compresses, and is the same each time. */
function noise (length: number, seed: number): string {
  let text = ''
  for (let n = seed + 1; text.length < length;) text += (n = n * 48271 % 2147483647).toString(36)
  return text
}

const made: Document[] = []
function documents (bytes: number): Readable {
  while (made.length < bytes / 10_000) made.push(doc(`d${made.length}`, noise(10_000, made.length)))
  return Readable.from(made.slice(0, bytes / 10_000))
}
const sequences = (bytes: number): Readable =>
  Readable.from(Array.from({ length: bytes / 10_000 }, (_, i) => new Int32Array(2500).fill(i)))

type SinkCase = [name: string, make: (path: string) => Writable, items: (bytes: number) => Readable]

const sinks: Readonly<Record<string, SinkCase>> = {
  ndjson: ['out.ndjson', ndjsonSink, documents],
  'ndjson, gzip': ['out.ndjson.gz', ndjsonSink, documents],
  'ndjson, zstd': ['out.ndjson.zst', ndjsonSink, documents],
  'text, zstd': ['out.txt.zst', textSink, documents],
  npy: ['shards', path => npySink(path, { sequencesPerShard: 200 }), sequences]
}

for (const [kind, [name, make, items]] of Object.entries(sinks)) {
  t.test(`${kind}: a disk that fills up, in the middle or with the last bytes, is named, ` +
    'and nothing half-written is left', async t => {
    const folder = smallDisk(t, DISK)
    if (folder === null) return
    for (const bytes of [LARGE, 600_000]) {
      const sink = make(join(folder, name))
      t.match(await failure(pipeline(items(bytes), sink)), {
        code: 'ERR_OUTPUT',
        message: pattern(
          /(out\.(ndjson|txt)[.a-z]*|shards\/shard_00000\.npy): /,
          /cannot be written: .*; free disk space and run it again/
        ),
        cause: { code: 'ENOSPC' }
      })
      await closed(sink)
      t.strictSame(filesIn(folder), [], `${bytes} bytes`)
    }
    if (kind === 'npy') return
    put(folder, name, 'old')
    const sink = make(join(folder, name))
    await failure(pipeline(items(LARGE), sink))
    await closed(sink)
    t.strictSame(filesIn(folder), [name])
    t.equal(readFileSync(join(folder, name), 'utf8'), 'old', 'the previous file is unchanged')
  })
}

t.test('npy: shards that were complete before the disk was full are kept', async t => {
  const folder = smallDisk(t, DISK)
  if (folder === null) return
  const sink = npySink(join(folder, 'shards'), { sequencesPerShard: 10 })
  t.match(await failure(pipeline(sequences(600_000), sink)), {
    code: 'ERR_OUTPUT', message: /shard_00002\.npy: cannot be written: no space left/
  })
  await closed(sink)
  t.strictSame(filesIn(folder), ['shards/shard_00000.npy', 'shards/shard_00001.npy'])
  for (const file of filesIn(folder)) t.match(readNpy(readFileSync(join(folder, file))), { rows: 10, columns: 2500 })
})

t.test('a read-only file system is reported by name', async t => {
  const folder = smallDisk(t, 'ro')
  if (folder === null) return
  for (const [kind, [name, make, items]] of Object.entries(sinks)) {
    t.match(await failure(pipeline(items(20_000), make(join(folder, name)))), {
      code: 'ERR_OUTPUT', message: /cannot be written: the file system is read-only/, cause: { code: 'EROFS' }
    }, kind)
  }
  for (const name of ['a.lock', 'new/a.lock']) {
    t.match(await failure(lock(join(folder, name), 'x')), {
      code: 'ERR_OUTPUT', message: /a\.lock: cannot be written: the file system is read-only/
    })
  }
})

t.test('a path without permission to write or read is reported, and no file is left', async t => {
  const cwd = temporaryFolder(t)
  mkdirSync(join(cwd, 'closed'))
  put(cwd, 'secret.ndjson', ndjsonOf([doc('a', 'text')]))
  chmodSync(join(cwd, 'closed'), 0o555)
  chmodSync(join(cwd, 'secret.ndjson'), 0o000)
  chmodSync(cwd, 0o755)
  // Root has all permissions. So if the test runs as root, the command runs as the user `nobody`, if that user can
  // read it.
  const run = (args: string[], input = ''): { code: number | null, stderr: string } => {
    const { status: code, stderr } = spawnSync(
      process.execPath, [join(ROOT, 'dist/recipes/cli/main.js'), ...args],
      {
        cwd,
        input,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: cwd },
        ...(isRoot && { uid: 65534, gid: 65534 })
      }
    )
    return { code, stderr }
  }
  if (run(['--version']).code !== 0) {
    t.pass('the test has no permission', { skip: 'the user nobody may not run node, or not read this folder' })
    return
  }
  const document = ndjsonOf([doc('a', 'text')])
  for (const name of ['new/a.txt', 'a.ndjson.zst'].slice(0, howMany(1, 2))) {
    t.match(run(['write', `closed/${name}`], document), {
      code: 1, stderr: /closed\/(new\/)?a\.\S+: cannot be written: no permission \[ERR_OUTPUT\]/
    })
  }
  for (const folder of ['closed/shards/', 'closed/'].slice(0, howMany(1, 2))) {
    t.match(run(['write', folder], '{"ids":[1]}\n'), {
      code: 1, stderr: /closed\/\S*: cannot be written: no permission \[ERR_OUTPUT\]/
    })
  }
  t.match(run(['read', 'secret.ndjson']), { code: 2, stderr: /secret\.ndjson: no permission \[ERR_FILES\]/ })
  t.strictSame(filesIn(cwd), ['secret.ndjson'])
})
