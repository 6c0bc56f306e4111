/** Damaged files: each causes a named error, never a crash, a hang, or wrong rows without an error. */
import { crc32 } from 'node:zlib'
import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import type { Batch } from '../../../lib/columns/rows.ts'
import { ParquetFile } from '../../../lib/parquet/file.ts'
import { failure, howMany, pattern } from '../../helpers.ts'
import { parquetBytes, rangesOf, rowsOf } from './helpers.ts'

/** The same on every run. */
function random (seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

/** The code of the error that reading a file ends with, or its number of rows. Anything but a SluiceError is a bug. */
async function outcome (bytes: Buffer): Promise<string | number> {
  try {
    return (await rowsOf(bytes)).length
  } catch (error) {
    if (error instanceof SluiceError) return error.code
    throw error
  }
}

t.test('a file that is truncated at any byte is refused', async t => {
  const bytes = parquetBytes('required')
  const isNearEnd = (length: number): boolean => length < 16 || length > bytes.length - 12
  for (let length = 0; length < bytes.length; length += isNearEnd(length) ? 1 : howMany(11, 1)) {
    t.match(await failure(rowsOf(bytes.subarray(0, length))), {
      code: 'ERR_SOURCE',
      message: length < 12 ? /is not a parquet file: it has \d+ bytes/ : /is cut off|damaged parquet footer/
    }, `${length} bytes`)
  }
})

t.test('a changed byte in any page is found, if pages have checksums', async t => {
  const bytes = parquetBytes('codec-none-v2')
  const rows = await rowsOf(bytes)
  const pick = random(1)
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)
  for (let i = 0; i < howMany(15, 300); i++) {
    const at = 4 + pick(footer - 4)
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 1 + pick(255)
    // a header has no checksum: a flipped bit there may have no effect, such as in a minimum
    const got = await rowsOf(damaged).catch((error: unknown) => error)
    if (got instanceof SluiceError) t.equal(got.code, 'ERR_SOURCE')
    else t.strictSame(got, rows, `byte ${at}`)
  }
})

for (const name of [
  'types', 'types-v2', 'nested', 'nested-v2', 'overflow-v1', 'delta-binary-packed-v1', 'delta-byte-array-v2',
  'byte-stream-split-v1', 'rle-v2', 'codec-snappy', 'codec-gzip', 'codec-zstd', 'codec-brotli', 'codec-lz4'
]) {
  t.test(`changed bytes of ${name} cause an error or a result`, async t => {
    const bytes = parquetBytes(name)
    const pick = random(name.length * 31 + 7)
    const outcomes = new Set<string | number>()
    for (let i = 0; i < howMany(8, 150); i++) {
      const damaged = Buffer.from(bytes)
      for (let n = pick(3); n >= 0; n--) damaged[pick(bytes.length)] = [0, 0xff, 0x7f, 0x80, pick(256)][pick(5)]!
      outcomes.add(await outcome(damaged))
    }
    t.ok(outcomes.has('ERR_SOURCE'), [...outcomes].join())
  })
}

t.test('damaged footers are refused', async t => {
  const bytes = parquetBytes('required')
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(bytes)
    change(copy)
    return copy
  }
  const cases: ReadonlyArray<readonly [string, Buffer, RegExp]> = [
    [
      'another format',
      Buffer.from('{"text":"a line of JSON"}\n'),
      /a\.parquet: is not a parquet file: it begins with "\{\\"te", expected PAR1/
    ],
    [
      'an encrypted footer',
      changed(bytes => bytes.write('PARE', bytes.length - 4)),
      /encrypted footer \(it ends with PARE\)/
    ],
    [
      'a footer larger than the file',
      changed(bytes => bytes.writeUInt32LE(bytes.length, bytes.length - 8)),
      /damaged parquet footer \(its length is \d+ bytes, the file has \d+\)/
    ],
    ['a footer of nothing', changed(bytes => bytes.writeUInt32LE(0, bytes.length - 8)), /damaged parquet footer/],
    [
      'a footer of ones',
      changed(bytes => bytes.fill(0xff, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8), bytes.length - 8)),
      /damaged parquet footer/
    ]
  ]
  for (const [name, damaged, message] of cases) {
    t.match(await failure(rowsOf(damaged)), { code: 'ERR_SOURCE', message }, name)
  }
  t.equal((await rowsOf(bytes)).length, 3)
})

t.test('the error for a damaged page names its row group and column', async t => {
  const bytes = parquetBytes('codec-none-v2')
  bytes[bytes.indexOf('doc-30')]! ^= 1
  t.match(await failure(rowsOf(bytes)), {
    code: 'ERR_SOURCE',
    message: pattern(
      /^a\.parquet: damaged parquet data in row group 0, column id /,
      /\(a page has the checksum \d+, expected \d+\); get the file again$/
    )
  })
})

t.test('an unknown codec is reported by name', async t => {
  const bytes = parquetBytes('required')
  // ColumnMetaData: field 4, i32, zigzag 1 (SNAPPY), after the path; 3 is LZO
  for (let at = bytes.indexOf(Buffer.from('\x19\x18\x04text\x15\x02', 'latin1')); at >= 0; at = -1) bytes[at + 8] = 6
  t.match(await failure(rowsOf(bytes)), {
    code: 'ERR_SOURCE',
    message: pattern(
      /row group 0, column text: is compressed with LZO, /,
      /expected one of UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD, LZ4, LZ4_RAW/
    )
  })
  t.strictSame(await rowsOf(bytes, { columns: ['n'] }), [[1], [2], [3]], 'the other column can be read')
})

t.test('missing columns are reported', async t => {
  t.match(await failure(rowsOf(parquetBytes('required'), { columns: ['text', 'body'] })), {
    code: 'ERR_SOURCE',
    message: 'a.parquet: has no column body; it has text, n'
  })
})

t.test('a reader can be stopped early', async t => {
  const file = await ParquetFile.open(rangesOf(parquetBytes('row-groups')))
  const stop = new AbortController()
  const batches: Batch[] = []
  await t.rejects(async () => {
    for await (const batch of file.readRows({ columns: ['text'], signal: stop.signal })) {
      batches.push(batch)
      stop.abort()
    }
  }, { name: 'AbortError' })
  t.equal(batches.length, 1)
})

t.equal(crc32('123456789'), 0xcbf43926, 'zlib\'s CRC-32 is that of the format')
