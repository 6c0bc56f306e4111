/** Shards that can't be read, and readers that stop early. */
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { shardName } from '../../../lib/shards/names.ts'
import { npyHeader } from '../../../lib/shards/npy.ts'
import { openShards, readIds } from '../../../lib/shards/reader.ts'
import { failure, pattern, put, temporaryFolder } from '../../helpers.ts'
import { MODEL, all, documentsIn, putShards, rowsIn, statisticsOf } from './helpers.ts'

t.test('an id outside the vocabulary is an error with its position, and counted', async t => {
  const folder = putShards(temporaryFolder(t), [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 85, 3, 3, 90, 3, 3])
  for (const read of [documentsIn, rowsIn]) {
    t.match(await failure(read(folder, MODEL)), {
      code: 'ERR_SHARD',
      message: pattern(
        /shard_00001\.npy: id 85 in row 0, column 2 is not in the vocabulary, expected 0 to 84; use the tokenizer/
      )
    })
  }
  t.match(await rowsIn(folder, MODEL, { from: 0, to: 2 }), [{ row: 0 }, { row: 1 }])
  t.match(await statisticsOf(folder, 'tiny.model'), {
    outside_ids: 2, first_outside: { path: /shard_00001\.npy$/, row: 0, column: 2, id: 85 }
  })
  const negative = Buffer.concat([npyHeader({ dtype: 'int32', rows: 1, columns: 1 }), Buffer.from('ffffffff', 'hex')])
  t.match(await statisticsOf(put(temporaryFolder(t), 'x.npy', negative), 'tiny.model'), {
    outside_ids: 1, first_outside: { id: -1 }
  })
  const large = Buffer.concat([npyHeader({ dtype: 'uint32', rows: 1, columns: 1 }), Buffer.from('ffffffff', 'hex')])
  t.match(await statisticsOf(put(temporaryFolder(t), 'x.npy', large), 'tiny.model'), {
    outside_ids: 1, first_outside: { id: 2 ** 32 - 1 }
  })
})

t.test('a folder without shards, a missing shard, and damaged shards are refused', async t => {
  const folder = temporaryFolder(t)
  t.match(await failure(openShards(join(folder, 'none'))), { code: 'ERR_FILES', message: /none: no such file/ })
  t.match(await failure(openShards(folder)), {
    code: 'ERR_FILES', message: /holds no shards, expected shard_00000\.npy/
  })
  putShards(folder, Array.from({ length: 32 }, () => 3))
  rmSync(join(folder, shardName(2)))
  t.match(await failure(openShards(folder)), {
    code: 'ERR_SHARD',
    message: /shard_00003\.npy follows shard_00001\.npy, expected shard_00002\.npy, which is missing/
  })
  put(folder, shardName(2), readFileSync(putShards(temporaryFolder(t), [3, 3, 3], { columns: 3 }) + '/shard_00000.npy'))
  t.match(await failure(openShards(folder)), {
    code: 'ERR_SHARD', message: /shard_00002\.npy: has rows of 3 ids, expected 4, as in .*shard_00000\.npy/
  })
  const cut = put(folder, 'cut.npy', readFileSync(join(folder, shardName(0))).subarray(0, -1))
  t.match(await failure(openShards(cut)), {
    code: 'ERR_SHARD', message: /cut\.npy: has 159 bytes, expected 160 for shape \(2, 4\) of int32/
  })
  t.match(await failure(openShards(put(folder, 'text.npy', 'no shard'))), {
    code: 'ERR_SHARD', message: /text\.npy: not a \.npy file of format 1\.0/
  })
})

t.test('the file is closed if a shard shrinks, a reader stops early, or a signal aborts', async t => {
  const folder = putShards(temporaryFolder(t), new Array<number>(600_000).fill(3), { columns: 600_000 })
  const path = join(folder, shardName(0))
  const { shards: [shard] } = await openShards(path)
  const isOpen = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  }
  const reader = readIds(shard!)
  t.match(await reader.next(), { value: { first: 0 } })
  await reader.return(undefined)
  t.match(await failure(all(readIds(shard!, { signal: AbortSignal.abort() }))), { code: 'ERR_ABORTED' })
  t.match(await failure(all(readIds({ ...shard!, rows: 2 }))), {
    code: 'ERR_SHARD', message: /ends at byte 2400128, expected 4800128 bytes; it was changed while it was being read/
  })
  if (existsSync('/proc/self/fd')) t.strictSame(readdirSync('/proc/self/fd').filter(isOpen), [])
})
