/** Every changed byte of a shard is found. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { NPY_HEADER_BYTES } from '../../../lib/shards/npy.ts'
import { verifyShards } from '../../../lib/verify/shards.ts'
import { howMany, temporaryFolder } from '../../helpers.ts'
import { EOS, writeShards } from '../../shards.ts'

const CHANGES = howMany(150, 1000)

t.test(`${CHANGES} changed bytes, headers included, are found`, async t => {
  const stats = writeShards(temporaryFolder(t), 'a', Array.from({ length: 2 * 7 * 8 - 3 }, (_, i) =>
    i % 11 === 0 ? EOS : 3 + i), { seqLen: 8, sequencesPerShard: 7, dtype: 'uint16' })
  const paths = stats.shard_files.map(({ file }) => join(stats.output_dir, file))
  const whole = paths.map(path => readFileSync(path))
  let state = 20_261_122
  const below = (limit: number): number => {
    state = state * 48_271 % 2_147_483_647
    return state % limit
  }
  const missed: string[] = []
  let headers = 0
  for (let i = 0; i < CHANGES; i++) {
    const shard = below(paths.length)
    const path = paths[shard]!
    const bytes = Buffer.from(whole[shard]!)
    const at = below(bytes.length)
    bytes[at]! ^= 1 + below(255)
    if (at < NPY_HEADER_BYTES) headers++
    writeFileSync(path, bytes)
    const findings = await verifyShards(stats, { statsPath: 'stats.json' })
    if (findings.length === 0 || findings.some(({ file }) => file !== path)) {
      missed.push(`byte ${at} of ${path}: ${JSON.stringify(findings)}`)
    }
    writeFileSync(path, whole[shard]!)
  }
  t.strictSame(missed, [])
  t.ok(headers > CHANGES * 0.3 && headers < CHANGES * 0.7, `${headers} were in a header`)
  t.strictSame(await verifyShards(stats, { statsPath: 'stats.json' }), [], 'all bytes are restored')
})
