import zstd from '@bokuweb/zstd-wasm'
import { t } from '../../tap.ts'
import { loadZstdCompressor } from '../../../lib/zstd/compress.ts'

t.test('a frame has its size and checksum, and libzstd, which checks both, reads it', async t => {
  const compress = await loadZstdCompressor()
  for (const content of ['', 'x', 'the wheel turns, '.repeat(50_000)]) {
    const bytes = Buffer.from(content)
    const frame = compress(bytes)
    t.equal(Buffer.from(zstd.decompress(frame)).toString(), content)
    t.equal(frame[4]! & 4, 4, 'the flag of the checksum')
    const damaged = Buffer.from(frame)
    damaged[frame.length - 1]! ^= 1
    t.throws(() => zstd.decompress(damaged), 'libzstd compares the checksum')
    t.ok(bytes.equals(Buffer.from(content)), 'the input is unchanged')
  }
})

t.test('the module is loaded once, and adds no listeners to the process', async t => {
  const listeners = (): number =>
    process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')
  const before = listeners()
  t.equal(await loadZstdCompressor(), await loadZstdCompressor())
  t.equal(listeners(), before)
})
