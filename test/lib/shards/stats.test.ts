import { gzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { readStats } from '../../../lib/shards/stats.ts'
import { failure, put, temporaryFolder } from '../../helpers.ts'

t.test('a file that is no stats of a run is refused with what to do', async t => {
  const folder = temporaryFolder(t)
  for (const [content, says] of [
    [
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\n',
      /is a Git LFS pointer.*; run git lfs pull.*; expected the stats file of a run, /
    ],
    ['<!doctype html><p>Sign in', /is an HTML page; get the data itself.*; expected the stats file of a run, /],
    [gzipSync('{}'), /is gzip data; decompress it first, with gzip -dc; expected the stats file of a run, /],
    [Buffer.from('PAR1\x15'), /is a parquet file; expected the stats file of a run, /],
    [
      Buffer.from('{"stats": []}', 'utf16le'),
      /is UTF-16 without a byte order mark; convert it to UTF-8.*; expected the stats file of a run, /
    ],
    ['name: web', /is not JSON: .*; expected the stats file of a run, /]
  ] as const) t.match(await failure(readStats(put(folder, 'a.json', content))), { code: 'ERR_STATS', message: says })
})
