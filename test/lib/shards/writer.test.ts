import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { sha256, sha256OfFile } from '../../../lib/hash.ts'
import { npyData, readNpy } from '../../../lib/shards/npy.ts'
import { listShards, shardName } from '../../../lib/shards/names.ts'
import { prepareFolder, refuseShards, removeShards } from '../../../lib/shards/shard-folder.ts'
import { ShardWriter } from '../../../lib/shards/writer.ts'
import { failure, filesIn, put, temporaryFolder } from '../../helpers.ts'

t.test('shards are listed by number, and other files are not', async t => {
  const folder = temporaryFolder(t)
  for (const name of [
    shardName(2), shardName(100_000), shardName(99_999), 'shard_1.npy', 'shard_00003.npy.1234567.tmp', 'other.npy'
  ]) {
    put(folder, name, '')
  }
  t.strictSame(await listShards(folder), ['shard_00002.npy', 'shard_99999.npy', 'shard_100000.npy'])
  t.strictSame(await listShards(join(folder, 'none')), [])
  t.match(await failure(refuseShards(folder)), {
    code: 'ERR_OUTPUT_EXISTS',
    exitCode: 2,
    message: /holds 3 shards.*--overwrite/
  })
  await removeShards(folder)
  t.strictSame(filesIn(folder), ['other.npy', 'shard_00003.npy.1234567.tmp', 'shard_1.npy'])
  put(folder, `shard_00004.npy.${process.ppid}.tmp`, 'of a run that goes on')
  await prepareFolder(folder)
  t.strictSame(filesIn(folder), ['other.npy', `shard_00004.npy.${process.ppid}.tmp`, 'shard_1.npy'])
  await t.resolves(refuseShards(folder))
  t.match(await failure(listShards(join(folder, 'other.npy'))), { code: 'ENOTDIR' })
})

async function write (
  path: string,
  rows: number,
  maxRows: number
): Promise<Awaited<ReturnType<ShardWriter['finish']>>> {
  const shard = await ShardWriter.create(path, { columns: 1000, maxRows, dtype: 'int32' })
  for (let row = 0; row < rows; row++) await shard.add(npyData(new Int32Array(1000).fill(row), 'int32', 1e6))
  t.equal(shard.full, rows === maxRows)
  return await shard.finish()
}

t.test('full and partial shards report their number of rows and their hash', async t => {
  const folder = temporaryFolder(t)
  for (const rows of [1, 599, 600]) {
    const path = join(folder, shardName(rows))
    const info = await write(path, rows, 600)
    const bytes = readFileSync(path)
    t.strictSame(info, { file: shardName(rows), sequences: rows, bytes: bytes.length, sha256: sha256(bytes) })
    t.equal(await sha256OfFile(path), sha256(bytes))
    const read = readNpy(bytes)
    t.equal(read.rows, rows)
    t.equal(read.data.at(-1), rows - 1)
  }
})

t.test('an abandoned shard leaves no file', async t => {
  const folder = temporaryFolder(t)
  const shard = await ShardWriter.create(join(folder, 'shard_00000.npy'), { columns: 2, maxRows: 2, dtype: 'int32' })
  await shard.add(Buffer.alloc(8))
  await shard.abandon()
  t.strictSame(filesIn(folder), [])
})
