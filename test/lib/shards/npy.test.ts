import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import {
  type Dtype, NPY_HEADER_BYTES, bytesPerId, dtypes, maxId, npyData, npyHeader, readNpy
} from '../../../lib/shards/npy.ts'
import { answers } from '../../helpers.ts'

function npyFile (dtype: Dtype, rows: ReadonlyArray<readonly number[]>): Buffer {
  const columns = rows[0]?.length ?? 0
  return Buffer.concat([
    npyHeader({ dtype, rows: rows.length, columns }),
    ...rows.map(row => npyData(Int32Array.from(row), dtype, maxId(dtype)))
  ])
}

t.test('the bytes equal those of numpy.save', async t => {
  for (const [dtype, { rows, bytes }] of Object.entries(answers().npy)) {
    t.equal(npyFile(dtype as Dtype, rows).toString('hex'), bytes, dtype)
  }
})

t.test('a file that NumPy wrote is read', async t => {
  const { dtype, rows, columns, data } = readNpy(Buffer.from(answers().npy.uint16.bytes, 'hex'))
  t.strictSame({ dtype, rows, columns, data: Array.from(data) }, {
    dtype: 'uint16',
    rows: 3,
    columns: 2,
    data: [0, 65535, 7, 8, 9, 10]
  })
})

t.test('the header has the same length for any shape, so that it can be overwritten', async t => {
  for (const rows of [0, 1, 1024, 2 ** 40]) {
    t.equal(npyHeader({ dtype: 'uint32', rows, columns: 2 ** 31 }).length, NPY_HEADER_BYTES)
  }
})

t.test('property: written shards are read back', async t => {
  const arrays = fc.constantFrom(...dtypes).chain(dtype => fc.integer({ min: 1, max: 9 }).chain(columns => fc.record({
    dtype: fc.constant(dtype),
    columns: fc.constant(columns),
    rows: fc.array(fc.array(fc.integer({ min: 0, max: Math.min(maxId(dtype), 2 ** 31 - 1) }), {
      minLength: columns,
      maxLength: columns
    }), { minLength: 1, maxLength: 20 })
  })))
  let checked = 0
  fc.assert(fc.property(arrays, ({ dtype, columns, rows }) => {
    const file = npyFile(dtype, rows)
    const { data, ...header } = readNpy(file)
    checked++
    return file.length === NPY_HEADER_BYTES + rows.length * columns * bytesPerId(dtype) &&
      isDeepStrictEqual(header, { dtype, rows: rows.length, columns }) &&
      Array.from(data).join() === rows.flat().join()
  }))
  t.equal(checked, 100)
})

t.test('an id that does not fit is refused, not wrapped around', async t => {
  t.throws(() => npyData(Int32Array.of(1, 65536), 'uint16', maxId('uint16')), {
    code: 'ERR_SHARD',
    message: /65536.*0 to 65535/
  })
  t.throws(() => npyData(Int32Array.of(-1), 'int32', 99), { code: 'ERR_SHARD', message: /-1.*0 to 99/ })
  t.throws(() => npyData(Int32Array.of(100), 'int32', 99), { code: 'ERR_SHARD' })
})

t.test('a file that is no shard is refused with what was found', async t => {
  const good = npyFile('int32', [[1, 2]])
  t.throws(() => readNpy(Buffer.from('PK\x03\x04 a zip file')), {
    code: 'ERR_SHARD',
    message: /^is a zip archive; .*; expected a \.npy file of format 1\.0$/
  })
  t.throws(() => readNpy(Buffer.from('a text')), { code: 'ERR_SHARD', message: /it begins with 612074657874$/ })
  t.throws(() => readNpy(Buffer.from('version https://git-lfs.github.com/spec/v1\noid')), {
    code: 'ERR_SHARD',
    message: /^is a Git LFS pointer.*run git lfs pull/
  })
  t.throws(() => readNpy(Buffer.from('\x93NUMPY\x02\0', 'latin1')), {
    code: 'ERR_SHARD',
    message: /^not a \.npy file of format 1\.0/
  })
  t.throws(() => readNpy(Buffer.alloc(0)), { code: 'ERR_SHARD', message: /nothing/ })
  t.throws(() => readNpy(good.subarray(0, -1)), { code: 'ERR_SHARD', message: /expected 136 bytes.*got 135/ })
  t.throws(() => readNpy(Buffer.from(good.toString('latin1').replace('<i4', '<f4'), 'latin1')), {
    code: 'ERR_SHARD',
    message: /<f4/
  })
  t.throws(
    () => readNpy(Buffer.from(good.toString('latin1').replace('False', 'True '), 'latin1')),
    { code: 'ERR_SHARD' }
  )
})
