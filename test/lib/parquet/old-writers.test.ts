/**
 * Footers without fields that older writers left out, such as `nation.dict-malformed` and `repeated_no_annotation` of
 * apache/parquet-testing: read as pyarrow reads them.
 */
import { parquetMetadata } from 'hyparquet'
import { t } from '../../tap.ts'
import { readPageHeader } from '../../../lib/parquet/page-header.ts'
import { fieldsOf } from '../../../lib/parquet/schema.ts'
import { failure } from '../../helpers.ts'
import { parquetBytes, rowsOf } from './helpers.ts'

/** A number in Thrift's compact protocol. */
function zigzag (value: number): Buffer {
  const bytes: number[] = []
  let left = value * 2
  for (; left > 127; left = Math.floor(left / 128)) bytes.push(left % 128 + 128)
  return Buffer.from([...bytes, left])
}

/** A copy with one of its parts, which must occur once, replaced by another of the same length. */
function edited (bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = bytes.indexOf(from)
  if (at === -1 || bytes.indexOf(from, at + 1) !== -1 || from.length !== to.length) {
    throw new Error(`not once: ${from.toString('hex')}`)
  }
  const copy = Buffer.from(bytes)
  to.copy(copy, at)
  return copy
}

const field = (number: Buffer): Buffer => Buffer.concat([Buffer.of(0x16), number])

t.test('column chunks whose size lacks the header of their dictionary are read (PARQUET-816)', async t => {
  let bytes = parquetBytes('codec-snappy')
  const expected = await rowsOf(bytes)
  const { row_groups: groups, created_by: createdBy } = parquetMetadata(bytes.buffer.slice(
    bytes.byteOffset, bytes.byteOffset + bytes.length
  ) as ArrayBuffer)
  let changed = 0
  for (const { columns } of groups) {
    for (const { meta_data: meta } of columns) {
      if (meta?.dictionary_page_offset === undefined) continue
      const { length } = readPageHeader(bytes.subarray(Number(meta.dictionary_page_offset)))
      const sizes = [meta.total_uncompressed_size, meta.total_compressed_size].map(Number) as [number, number]
      bytes = edited(bytes, Buffer.concat(sizes.map(size => field(zigzag(size)))), Buffer.concat([
        field(zigzag(sizes[0])), field(zigzag(sizes[1] - length))
      ]))
      changed++
    }
  }
  t.ok(changed > 0)
  t.match(await failure(rowsOf(bytes)), { code: 'ERR_SOURCE' }, 'in a file of a newer writer this is damage')
  for (const [name, isOld] of [
    ['parquet-mr version 1.2.8', true], ['parquet-mr', true], ['parquet-mr version 1.2.9', false],
    ['parquet-mr version 1.10.0', false]
  ] as const) {
    const old = edited(bytes, Buffer.from(createdBy!), Buffer.from(name.padEnd(createdBy!.length)))
    if (isOld) t.strictSame(await rowsOf(old), expected, name)
    else t.match(await failure(rowsOf(old)), { code: 'ERR_SOURCE' }, name)
  }
})

t.test('a footer without rows, but with row groups that have some', async t => {
  const bytes = parquetBytes('required')
  const before = (rows: number): Buffer => Buffer.of(0x16, 2 * rows, 0x19, 0x1c) // and the list of row groups
  t.strictSame(await rowsOf(edited(bytes, before(3), before(0))), await rowsOf(bytes))
  t.match(await failure(rowsOf(edited(bytes, before(3), before(2)))), {
    code: 'ERR_SOURCE', message: /the row groups have 3 rows, the file 2/
  })
})

t.test('a map of keys without values is read as a list, as in pyarrow', async t => {
  const elements = [
    { name: 'root', num_children: 1 },
    { name: 'tags', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'MAP' },
    { name: 'key_value', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }
  ] as const
  t.match(fieldsOf(elements), [{
    name: 'tags', is: 'list', isMap: false, children: [{ is: 'item', children: [{ is: 'leaf', name: 'key' }] }]
  }])
})
