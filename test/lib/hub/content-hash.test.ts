import { createHash } from 'node:crypto'
import { t } from '../../tap.ts'
import { type ContentHash, gitBlobHash, sha256Hash } from '../../../lib/hub/content-hash.ts'

/** Enough bytes for a thread. */
const LARGE = 128 * 1024 * 1024

async function hashOf (hash: ContentHash, pieces: readonly Buffer[]): Promise<string> {
  for (const piece of pieces) await hash.update(piece)
  const digest = await hash.digest()
  hash.close()
  return digest
}

t.test('a file has the hash that git gives it', async t => {
  t.equal(await hashOf(gitBlobHash(4), [Buffer.from('a'), Buffer.from('bc\n')]),
    '8baef1b4abc478178b004d62031cf7fe6db6f903')
  t.equal(await hashOf(gitBlobHash(0), []), 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391')
})

t.test('SHA-256 is the same in this thread and in a worker thread', async t => {
  const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(i % 7 * 91_003, `${i}`))
  pieces.push(Buffer.alloc(12 * 1024 * 1024, 'more than may wait'), Buffer.alloc(5, 'x'))
  const expected = createHash('sha256').update(Buffer.concat(pieces)).digest('hex')
  t.equal(await hashOf(sha256Hash(LARGE - 1), pieces), expected)
  t.equal(await hashOf(sha256Hash(LARGE), pieces), expected)
})

t.test('a hash thread that is closed early leaves no open handles', async t => {
  const hash = sha256Hash(LARGE)
  const sent = hash.update(Buffer.alloc(20 * 1024 * 1024))
  hash.close()
  await sent?.catch(() => {}) // its first piece may have been hashed before
  await t.rejects(hash.digest())
})
