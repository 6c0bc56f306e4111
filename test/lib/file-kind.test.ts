import fc from 'fast-check'
import { deflateSync, gzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { expectGzip, mistakenKind, otherKind, refuseOtherKinds, refuseTables } from '../../lib/file-kind.ts'
import { failure, codePoint, howMany } from '../helpers.ts'
import { frameOf, rawBlock, skippableFrame } from '../zstd.ts'

async function * cut (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect (chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const chunk of chunks) pieces.push(chunk)
  return Buffer.concat(pieces)
}

/** The header of an entry, without content. @param isPosix with the current magic number */
function tarOf (name: string, isPosix = true): Buffer {
  const block = Buffer.alloc(1024)
  block.write(name, 0)
  block.write('0000644\0', 100)
  block.write(isPosix ? 'ustar\x0000' : '', 257)
  block.fill(' ', 148, 156)
  block.write(block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0') + '\0 ', 148)
  return block
}

const hex = (digits: string): Buffer => Buffer.from(`${digits}00112233445566778899`, 'hex')
const kinds: Readonly<Record<string, [bytes: Buffer, is: RegExp]>> = {
  gzip: [gzipSync('x'), /^a\.txt: is gzip data; give it a name that ends in \.gz$/],
  zstd: [frameOf([rawBlock('x', true)]), /is zstd data; give it a name that ends in \.zst$/],
  'zstd with a frame to skip first': [skippableFrame('x', 15), /is zstd data; give/],
  xz: [hex('fd377a585a00'), /is xz data; decompress it first, with xz -dc$/],
  'bzip2 of nothing': [hex('425a6839177245385090'), /is bzip2 data;/],
  'legacy lz4': [hex('02214c18'), /is lz4 data;/],
  bzip2: [Buffer.from('BZh91AY&SY and on'), /is bzip2 data; decompress it first, with bzip2 -dc$/],
  zip: [hex('504b0304'), /is a zip archive; unpack it with unzip and give the files in it$/],
  lz4: [hex('04224d18'), /is lz4 data; decompress it first, with lz4 -dc$/],
  snappy: [hex('ff060000734e61507059'), /is snappy data; decompress it first, with snzip -dc$/],
  '7z': [hex('377abcaf271c'), /is a 7z archive; unpack it with 7z x/],
  rar: [Buffer.from('Rar!\x1a\x07\x01\0'), /is a rar archive; unpack it with unrar x/],
  pickle: [hex('80049500'), /is a Python pickle; write its texts to NDJSON or parquet first/],
  HDF5: [hex('894844460d0a1a0a'), /is an HDF5 file; .*h5py/],
  SQLite: [Buffer.from('SQLite format 3\0\x10'), /is an SQLite database; .*sqlite3 -json/],
  npy: [Buffer.from('\x93NUMPY\x01\0', 'latin1'), /is a \.npy file of NumPy/],
  safetensors: [Buffer.from('\x58\x02\0\0\0\0\0\0{"weight"', 'latin1'), /is a safetensors file/],
  PDF: [Buffer.from('%PDF-1.7\n'), /is a PDF; take its text out first/],
  Avro: [Buffer.from('Obj\x01\x04'), /is an Avro file/],
  ORC: [Buffer.from('ORC\x08\x03\x10'), /is an ORC file/],
  tar: [tarOf('00000.json'), /is a tar archive; unpack it with tar -xf a\.txt and give the files in it$/],
  'an old tar': [tarOf('a'.repeat(100), false), /is a tar archive/],
  'Git LFS': [
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
    /is a Git LFS pointer, which stands for the file; run git lfs pull in its repository/
  ],
  HTML: [Buffer.from('\ufeff\r\n <!DOCTYPE html>\n<title>'), /is an HTML page; get the data itself/],
  'HTML without a doctype': [Buffer.from('<HTML lang="en"><head>'), /is an HTML page/],
  XHTML: [
    Buffer.from('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" ' +
      '"http://www.w3.org/TR">\n<html xmlns="x">'),
    /is an HTML page/
  ],
  'HTML saved by a browser': [
    Buffer.from('<!-- saved from url=(0014)about:internet -->\n<html><body>'),
    /is an HTML page/
  ],
  'an empty zip': [hex('504b0506'), /is an empty zip archive/],
  parquet: [hex('5041523115'), /is a parquet file; read it with --dataset parquet \(dataset: parquet\)$/],
  'UTF-16 LE': [Buffer.from('\ufeff{"a":1}', 'utf16le'), /is UTF-16; convert it to UTF-8, for example with iconv$/],
  'UTF-16 BE': [Buffer.from('\ufeff{"a":1}', 'utf16le').swap16(), /is UTF-16;/],
  'UTF-32 LE': [hex('fffe0000'), /is UTF-32;/],
  'UTF-32 BE': [hex('0000feff'), /is UTF-32;/],
  zlib: [deflateSync('{"text":"x"}'), /is zlib data; decompress it first, with pigz -dc$/],
  'UTF-16 LE without a mark': [
    Buffer.from('{"text":"a"}\n', 'utf16le'), /is UTF-16 without a byte order mark; convert it to UTF-8/
  ],
  'UTF-16 BE without a mark': [
    Buffer.from('{"text":"a"}\n', 'utf16le').swap16(), /is UTF-16 without a byte order mark;/
  ],
  'UTF-32 LE without a mark': [
    Buffer.from('id,text\r\n1,a'.split('').map(letter => `${letter}\0\0\0`).join('')),
    /is UTF-32 without a byte order mark;/
  ],
  'UTF-32 BE without a mark': [
    Buffer.from('id,text\r\n1,a'.split('').map(letter => `\0\0\0${letter}`).join('')),
    /is UTF-32 without a byte order mark;/
  ]
}

for (const [name, [bytes, is]] of Object.entries(kinds)) {
  t.test(`${name} is recognized, in chunks of any size`, async t => {
    for (const size of [1, 2, 3, 100]) {
      t.match(await failure(collect(refuseOtherKinds(cut(bytes, size), 'a.txt'))), { code: 'ERR_SOURCE', message: is })
    }
  })
}

t.test('a file of a kind that can\'t be read is refused with a hint', t => {
  for (const [is, bytes] of [
    ['is gzip data; decompress it first, with gzip -dc', gzipSync('x')],
    ['is zstd data; decompress it first, with zstd -dc', frameOf([rawBlock('x', true)])],
    [
      'is a Git LFS pointer, which stands for the file; ' +
        'run git lfs pull in its repository, or download the file itself',
      kinds['Git LFS']![0]
    ],
    [
      'is an HTML page; get the data itself instead of a page that shows it, or a login page',
      kinds.HTML![0]
    ],
    ['is a parquet file', kinds.parquet![0]],
    ['is a Python pickle', kinds.pickle![0]],
    ['is an Arrow file', Buffer.from('ARROW1\0\0')],
    [null, Buffer.from('{"a":1}')]
  ] as const) t.equal(mistakenKind(bytes, 'a.bin'), is)
  t.end()
})

t.test('the hint depends on where the file comes from', async t => {
  const refuse = (name: string, bytes: Uint8Array = gzipSync('x')): Promise<unknown> =>
    failure(collect(refuseOtherKinds(cut(bytes, 5), name)))
  t.match(await refuse('-'), { message: '-: is gzip data; pipe it through gzip -dc' })
  t.match(await refuse('-', hex('fd377a585a00')), { message: '-: is xz data; pipe it through xz -dc' })
  t.match(
    await refuse('a.gz'), { message: 'a.gz: is gzip data again once it is decompressed; decompress it once by hand' }
  )
  const message = 'a.zst: is xz data once it is decompressed; decompress it by hand, with zstd -dc | xz -dc'
  t.match(await refuse('a.zst', hex('fd377a585a00')), { message })
})

t.test('text is accepted, even if it is short or similar to another kind', async t => {
  for (const text of [
    '', 'x', 'P', 'PAR1', 'PAR1 is a name', 'BZh91AY&S', 'BZhello', 'ORCA whales are large\n', 'ORC', '%PDF is a word',
    '%PDF-1.4 is how a PDF begins\n', '%PDF-1.7', 'FEA1 is a code\n', '<html> is a tag\n', '<html>',
    '<html>,text\n1,2\n', '<!DOCTYPE html> comes first\n', '<htmlx><p>', '<?xml version="1.0"?>\n<TEI>',
    '<!-- a comment --> and text', '<!-- a comment', '<p>html</p>', '<!doctype', '\n\n\n', 'a'.repeat(600),
    `${'a'.repeat(99)} ustar ${'b'.repeat(500)}`, 'version https://example.org\n', 'Rar! he said',
    '\ufeffwith a UTF-8 mark', 'x\u0680', 'x^2', 'a\0b\0', '\0\0\0a\0\0\0b', 'a\0b\0c\0d\0e\0f\0g\0 and more',
    '{"text":"x"}\n'
  ]) {
    for (const size of [1, 3, 100]) {
      t.equal((await collect(refuseOtherKinds(cut(Buffer.from(text), size), 'a'))).toString(), text)
    }
  }
})

t.test('a kind that only some readers can\'t read is refused by those', async t => {
  const page = Buffer.from('<!doctype html><p>text')
  t.equal((await collect(refuseOtherKinds(cut(page, 5), 'a.html'))).length, page.length, 'a page, by its name')
  t.match(await failure(collect(refuseTables(cut(page, 5), 'a.html', true))), {
    code: 'ERR_SOURCE', message: /is an HTML page/
  })
  t.equal((await collect(refuseTables(cut(page, 5), 'a.html', false))).length, page.length)
  for (const [bytes, is] of [
    [Buffer.from('ARROW1\0\0'), /is an Arrow file; read it with --dataset arrow/],
    [hex('ffffffff'), /is an Arrow stream; read/]
  ] as const) {
    t.equal((await collect(refuseOtherKinds(cut(bytes, 3), 'a'))).length, bytes.length)
    for (const size of [1, 100]) {
      t.match(await failure(collect(refuseTables(cut(bytes, size), 'a', false))), { code: 'ERR_SOURCE', message: is })
    }
  }
  t.match(otherKind(tarOf('x'), 'x.tar'), 'is a tar archive; unpack it with tar -xf x.tar')
  t.equal(otherKind(Buffer.from('text'), 'x'), null)
})

t.test('bytes are passed on as soon as the kind is known', async t => {
  async function * typed (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{}\n')
    t.fail('more data was requested before the first line was passed on')
  }
  t.match(await refuseOtherKinds(typed(), '-').next(), { done: false, value: Buffer.from('{}\n') })
})

t.test('property: UTF-8 text passes unchanged', async t => {
  const runs = howMany(25, 300)
  let checked = 0
  const sizes = fc.integer({ min: 1, max: 9 })
  await fc.assert(fc.asyncProperty(fc.string({ unit: codePoint }), sizes, async (text, size) => {
    const bytes = Buffer.from(text.toWellFormed())
    if (!(await collect(refuseOtherKinds(cut(bytes, size), 'a'))).equals(bytes)) throw new Error('changed')
    checked++
  }), { numRuns: runs })
  t.equal(checked, runs)
})

t.test('data that should be gzip and isn\'t is reported; data too short to decide is passed on', async t => {
  for (const size of [1, 50]) {
    const whole = gzipSync('text')
    t.ok((await collect(expectGzip(cut(whole, size), 'a.gz'))).equals(whole))
    t.equal((await collect(expectGzip(cut(Buffer.of(0x1f), size), 'a.gz'))).length, 1)
    t.equal((await collect(expectGzip(cut(Buffer.alloc(0), size), 'a.gz'))).length, 0)
    for (const text of ['x', 'text']) {
      t.match(await failure(collect(expectGzip(cut(Buffer.from(text), size), 'a.gz'))), {
        code: 'ERR_SOURCE', message: 'a.gz: is not gzip data, as its extension says; give it another name'
      })
    }
  }
})
