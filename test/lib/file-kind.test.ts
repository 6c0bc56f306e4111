import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { expectGzip, refuseOtherKinds } from '../../lib/file-kind.ts'
import { failure, howMany } from '../helpers.ts'
import { frameOf, rawBlock, skippableFrame } from '../zstd.ts'

async function * cut (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect (chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const chunk of chunks) pieces.push(chunk)
  return Buffer.concat(pieces)
}

const hex = (digits: string): Buffer => Buffer.from(`${digits}00112233445566778899`, 'hex')
const kinds: Readonly<Record<string, [bytes: Buffer, is: RegExp]>> = {
  gzip: [gzipSync('x'), /^a\.txt: is gzip data; give it a name that ends in \.gz$/],
  zstd: [frameOf([rawBlock('x', true)]), /is zstd data; give it a name that ends in \.zst$/],
  'zstd with a frame to skip first': [skippableFrame('x', 15), /is zstd data; give/],
  xz: [hex('fd377a585a00'), /is xz data; decompress it first, with xz -dc$/],
  bzip2: [Buffer.from('BZh91AY&SY and on'), /is bzip2 data; decompress it first, with bzip2 -dc$/],
  zip: [hex('504b0304'), /is a zip archive; unpack it first$/],
  'an empty zip': [hex('504b0506'), /is an empty zip archive/],
  parquet: [hex('5041523115'), /is a parquet file; read it with --dataset parquet \(dataset: parquet\)$/],
  'UTF-16 LE': [Buffer.from('\ufeff{"a":1}', 'utf16le'), /is UTF-16; convert it to UTF-8, for example with iconv$/],
  'UTF-16 BE': [Buffer.from('\ufeff{"a":1}', 'utf16le').swap16(), /is UTF-16;/],
  'UTF-32 LE': [hex('fffe0000'), /is UTF-32;/],
  'UTF-32 BE': [hex('0000feff'), /is UTF-32;/]
}

for (const [name, [bytes, is]] of Object.entries(kinds)) {
  t.test(`${name} is named, however it is cut`, async t => {
    for (const size of [1, 2, 3, 100]) t.match(await failure(collect(refuseOtherKinds(cut(bytes, size), 'a.txt'))), { code: 'ERR_SOURCE', message: is })
  })
}

t.test('what to do depends on where it comes from', async t => {
  const refuse = (name: string, bytes: Uint8Array = gzipSync('x')): Promise<unknown> => failure(collect(refuseOtherKinds(cut(bytes, 5), name)))
  t.match(await refuse('-'), { message: '-: is gzip data; pipe it through gzip -dc' })
  t.match(await refuse('-', hex('fd377a585a00')), { message: '-: is xz data; pipe it through xz -dc' })
  t.match(await refuse('a.gz'), { message: 'a.gz: is gzip data again once it is decompressed; decompress it once by hand' })
})

t.test('text passes, however short, however near', async t => {
  for (const text of ['', 'x', 'P', 'PAR1', 'PAR1 is a name', 'BZh91AY&S', 'BZhello', '\ufeffwith a UTF-8 mark', '{"text":"x"}\n']) {
    for (const size of [1, 3, 100]) t.equal((await collect(refuseOtherKinds(cut(Buffer.from(text), size), 'a'))).toString(), text)
  }
})

t.test('nothing is held back longer than it takes', async t => {
  async function * typed (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{}\n')
    t.fail('asked for more before the first line was given')
  }
  t.match(await refuseOtherKinds(typed(), '-').next(), { done: false, value: Buffer.from('{}\n') })
})

t.test('property: UTF-8 text comes out as it went in', async t => {
  const runs = howMany(60, 300)
  let checked = 0
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9 }), async (text, size) => {
    const bytes = Buffer.from(text.toWellFormed())
    if (!(await collect(refuseOtherKinds(cut(bytes, size), 'a'))).equals(bytes)) throw new Error('changed')
    checked++
  }), { numRuns: runs })
  t.equal(checked, runs)
})

t.test('what should be gzip data and isn\'t is told so; what is too short to tell is passed on', async t => {
  for (const size of [1, 50]) {
    const whole = gzipSync('text')
    t.ok((await collect(expectGzip(cut(whole, size), 'a.gz'))).equals(whole))
    t.equal((await collect(expectGzip(cut(Buffer.of(0x1f), size), 'a.gz'))).length, 1)
    t.equal((await collect(expectGzip(cut(Buffer.alloc(0), size), 'a.gz'))).length, 0)
    for (const text of ['x', 'text']) t.match(await failure(collect(expectGzip(cut(Buffer.from(text), size), 'a.gz'))), { code: 'ERR_SOURCE', message: 'a.gz: is not gzip data, which its ending promises; give it another name' })
  }
})
