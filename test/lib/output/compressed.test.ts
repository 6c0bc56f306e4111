import { gunzipSync } from 'node:zlib'
import zstd from '@bokuweb/zstd-wasm'
import { t } from '../../tap.ts'
import { compressed } from '../../../lib/output/compressed.ts'
import type { Output } from '../../../lib/output/output.ts'
import { loadZstdCompressor } from '../../../lib/zstd/compress.ts'
import { failure } from '../../helpers.ts'

await loadZstdCompressor()

/** An output in memory, which records what is done with it. */
function target (write: (bytes: Buffer) => Promise<void> = () => Promise.resolve()): Output & {
  readonly bytes: () => Buffer
  readonly done: string[]
} {
  const chunks: Buffer[] = []
  const done: string[] = []
  return {
    done,
    bytes: () => Buffer.concat(chunks),
    write: async bytes => {
      await write(bytes)
      chunks.push(Buffer.from(bytes))
    },
    commit: async () => { done.push('commit') },
    abandon: async () => { done.push('abandon') }
  }
}

const unzipped: Readonly<Record<string, (bytes: Buffer) => string>> = {
  'a.txt': bytes => bytes.toString(),
  'a.txt.gz': bytes => gunzipSync(bytes).toString(),
  'a.txt.zst': bytes => bytes.toString('latin1').split(/(?=\x28\xb5\x2f\xfd)/).map(frame =>
    Buffer.from(zstd.decompress(Buffer.from(frame, 'latin1'))).toString()).join('')
}

for (const [name, unzip] of Object.entries(unzipped)) {
  t.test(`${name}: what was written before the end of a part is complete if the file is cut there`, async t => {
    const file = target()
    const output = compressed(name, file)
    let text = ''
    for (let i = 0; i < 12; i++) {
      const piece = i % 4 === 3 ? '' : `line ${i}\n`
      await output.write(Buffer.from(piece))
      text += piece
      if (i % 2 === 1) await output.part()
      if (i % 2 === 1) t.equal(unzip(file.bytes()), text)
    }
    const { length } = file.bytes()
    await output.part()
    t.equal(file.bytes().length, length, 'an empty part writes nothing')
    await output.commit()
    t.equal(unzip(file.bytes()), text)
    t.equal(file.bytes().length, length)
    t.strictSame(file.done, ['commit'])
  })

  t.test(`${name}: without any writes, the file is empty and can be read`, async t => {
    for (const writes of [0, 2]) {
      const file = target()
      const output = compressed(name, file)
      for (let i = 0; i < writes; i++) await output.write(Buffer.alloc(0))
      await output.part()
      t.equal(file.bytes().length, 0)
      await output.commit()
      t.equal(unzip(file.bytes()), '')
      t.equal(file.bytes().length > 0, name !== 'a.txt')
    }
  })

  t.test(`${name}: abandoned before or after a write, it discards the file`, async t => {
    for (const writes of [0, 1]) {
      const file = target()
      const output = compressed(name, file)
      for (let i = 0; i < writes; i++) await output.write(Buffer.from('text'))
      await output.abandon()
      t.strictSame(file.done, ['abandon'])
    }
  })

  t.test(`${name}: a failed write is reported by the write or by the end of the part`, async t => {
    const full = new Error('no space')
    const output = compressed(name, target(() => Promise.reject(full)))
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * i * 7919) >> 3))
    const writing = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await output.write(noise)
      await output.part()
    }
    t.equal(await failure(writing()), full)
    await output.abandon()
  })
}
