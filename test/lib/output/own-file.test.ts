/**
 * Files of sluice next to the data: what they replace, and what happens to existing files with their temporary names.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { isCheckpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../../lib/output/checkpoint.ts'
import { lock } from '../../../lib/output/lock.ts'
import { openOutput } from '../../../lib/output/open.ts'
import { makeFolder, temporaryName } from '../../../lib/output/output.ts'
import { jsonKind, readOwn, refuseForeign, textKind, writeOwn } from '../../../lib/output/own-file.ts'
import { openResumable, partialName } from '../../../lib/output/resumable.ts'
import { ShardWriter } from '../../../lib/shards/writer.ts'
import { NEEDS_PROC, failure, filesIn, folderInMemory, put } from '../../helpers.ts'
import { t } from '../../tap.ts'

const STATS = jsonKind('the stats of a run', 'manifest', 'stats')
const LINES = textKind('a file of rejects', /^\{"reason":/)

t.test('only an empty file or one of the same kind is replaced', async t => {
  const folder = folderInMemory(t)
  const own = JSON.stringify({ manifest: 'm', stats: [] })
  for (const [name, content] of [
    ['none.json', null], ['empty.json', ''], ['own.json', own], ['own.json.gz', gzipSync(own)],
    ['empty.json.gz', gzipSync('')]
  ] as const) {
    const path = content === null ? join(folder, name) : put(folder, name, content)
    await writeOwn(path, own, STATS)
    t.ok(readFileSync(path).length > 0, name)
  }
  for (const [name, content] of [
    ['thesis.docx', 'PK\x03\x04'], ['other.json', '{"manifest":1}'], ['cut.json', own.slice(0, -1)],
    ['list.json', '[1]'], ['null.json', 'null'], ['no.json.gz', own], ['zeros.json', '\0\0']
  ] as const) {
    const path = put(folder, name, content)
    t.match(await failure(writeOwn(path, own, STATS)), {
      code: 'ERR_OUTPUT_EXISTS',
      message: `${path}: is not the stats of a run, which would replace it; name another file, or move this one away`
    }, name)
    t.equal(readFileSync(path, 'utf8'), content, name)
  }
  const long = put(folder, 'long.ndjson', '{"reason":"a"}\n' + 'x'.repeat(1e6))
  await refuseForeign(long, LINES)
  t.match(
    await failure(refuseForeign(put(folder, 'data.ndjson', '{"text":"a"}\n'), LINES)), { code: 'ERR_OUTPUT_EXISTS' }
  )
  await refuseForeign('/dev/null', STATS)
  t.equal(await readOwn(join(folder, 'nothing')), null)
})

t.test('a link under a temporary name is not followed', async t => {
  const writers: Record<string, (path: string) => Promise<string>> = {
    async output (path) {
      symlinkSync(victim(path), temporaryName(path))
      const output = await openOutput(path)
      await output.write(Buffer.from('new'))
      await output.commit()
      return 'new'
    },
    async resumable (path) {
      symlinkSync(victim(path), partialName(path))
      const output = await openResumable(path, null)
      await output.write(Buffer.from('new'))
      await output.commit()
      return 'new'
    },
    async 'resumable, resumed' (path) {
      const output = await openResumable(path, null)
      await output.write(Buffer.from('new'))
      const state = await output.mark()
      await output.commit()
      symlinkSync(victim(path), partialName(path))
      symlinkSync(victim(path), `${partialName(path)}.tmp`)
      const again = await openResumable(path, state)
      await again.commit()
      return 'new'
    },
    async checkpoint (path) {
      symlinkSync(victim(path), `${path}.tmp`)
      await writeCheckpoint(path, 'new')
      return readFileSync(path, 'utf8')
    },
    async shard (path) {
      for (const name of [partialName(path), temporaryName(path)]) symlinkSync(victim(path), name)
      for (const resumable of [true, false]) {
        const shard = await ShardWriter.create(
          path + String(resumable), { columns: 1, maxRows: 1, dtype: 'int32' }, { resumable }
        )
        await shard.add(Buffer.alloc(4))
        await shard.finish()
      }
      const shard = await ShardWriter.create(path, { columns: 1, maxRows: 1, dtype: 'int32' }, { resumable: true })
      await shard.add(Buffer.alloc(4))
      await shard.finish()
      return readFileSync(path, 'utf8')
    }
  }
  const victim = (path: string): string => `${path}.victim`
  for (const [kind, write] of Object.entries(writers)) {
    const path = join(folderInMemory(t), 'file')
    writeFileSync(victim(path), 'of somebody else, and longer')
    const content = await write(path)
    t.equal(readFileSync(victim(path), 'utf8'), 'of somebody else, and longer', kind)
    t.equal(readFileSync(path, 'utf8'), content, kind)
    t.ok(lstatSync(path).isFile(), kind)
  }
})

t.test('a pipe, link or folder in place of a lock or checkpoint is neither opened nor followed', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  t.match(await failure(lock(path, 'x')), { code: 'ERR_LOCKED', message: /pipe: is an incomplete lock file/ })
  t.match(await failure(readCheckpoint(path)), {
    code: 'ERR_CHECKPOINT', message: /pipe: is a link, a folder, a pipe or a device/
  })
  t.match(await failure(readOwn(path)), { code: 'ERR_OUTPUT' })
  symlinkSync(path, join(folder, 'link'))
  t.match(await failure(lock(join(folder, 'link'), 'x')), { code: 'ERR_LOCKED' })
  mkdirSync(join(folder, 'folder'))
  t.match(await failure(readCheckpoint(join(folder, 'folder'))), {
    code: 'ERR_CHECKPOINT', message: /cannot be read: is a folder/
  })
})

t.test('a file that is too long for one of sluice is not read; a checkpoint may be long', async t => {
  const folder = folderInMemory(t)
  const path = put(folder, 'long', '')
  truncateSync(path, 3e9) // uses no disk space
  t.match(await failure(readOwn(path)), {
    code: 'ERR_OUTPUT', message: /long: has 3000000000 bytes, expected a file of sluice/
  })
  t.match(await failure(lock(path, 'x')), { code: 'ERR_LOCKED', message: /long: is an incomplete lock file/ })
  t.match(await failure(readCheckpoint(path)), { code: 'ERR_CHECKPOINT', message: /longer than files of sluice/ })
  t.match(await failure(removeCheckpoint(path)), { code: 'ERR_OUTPUT_EXISTS' })
  const checkpoint = put(folder, 'checkpoint.json', '{"sluice_checkpoint":1,')
  truncateSync(checkpoint, 3e8)
  await removeCheckpoint(checkpoint)
  t.notOk(existsSync(checkpoint))
})

t.test('a checkpoint, complete or damaged, is deleted; another file of its name is not', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'checkpoint.json')
  for (const damage of ['', '{"half', '{"sluice_checkpoint":1,"content":', '\0\0\0']) {
    put(folder, 'checkpoint.json', damage)
    t.ok(await isCheckpoint(path), JSON.stringify(damage))
    await removeCheckpoint(path)
    t.strictSame(filesIn(folder), [])
  }
  for (const other of ['{"epoch":5}', 'weights', '[]']) {
    put(folder, 'checkpoint.json', other)
    t.match(await failure(removeCheckpoint(path)), {
      code: 'ERR_OUTPUT_EXISTS', message: /is not a checkpoint of sluice/
    }, other)
    t.notOk(await isCheckpoint(path))
  }
})

t.test('concurrent calls can create a folder; one that can\'t be created is an error', NEEDS_PROC, async t => {
  const folder = folderInMemory(t)
  await Promise.all([1, 2, 3].map(() => makeFolder(join(folder, 'a/b/c'))))
  t.ok(lstatSync(join(folder, 'a/b/c')).isDirectory())
  t.match(await failure(makeFolder('/proc/sluice/a/b')), {
    code: 'ERR_OUTPUT', message: '/proc/sluice: this folder can\'t be created; name another one'
  })
})
