import fc from 'fast-check'
import { t } from '../../tap.ts'
import { LineSplitter, decodeUtf8 } from '../../../lib/records/lines.ts'
import '../../helpers.ts' // the seed of the properties

interface Got { text: string, offset: number, end: number, tooLong: boolean }

function split (chunks: readonly Buffer[], maxBytes = 1e9, offset = 0): Got[] {
  const splitter = new LineSplitter(maxBytes, offset)
  const got: Got[] = []
  const take = (line: ReturnType<LineSplitter['next']>): boolean => {
    if (line !== undefined) got.push({ ...line, text: line.bytes.toString() })
    return line !== undefined
  }
  for (const chunk of chunks) {
    splitter.write(chunk)
    while (take(splitter.next()));
  }
  take(splitter.end())
  return got.map(({ text, offset, end, tooLong }) => ({ text, offset, end, tooLong }))
}

function cut (bytes: Buffer, at: readonly number[]): Buffer[] {
  const cuts = [0, ...at.map(i => i % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end))
}

const TEXT = Buffer.from('a\r\nbb\n\n\r\nc\rc\n🌊 é\r\nlast')
const LINES = ['a', 'bb', '', '', 'c\rc', '🌊 é', 'last']

t.test('lines end in \\n or \\r\\n; a last line needs no line end', async t => {
  t.strictSame(split([TEXT]).map(({ text }) => text), LINES)
  t.strictSame(split([]), [])
  t.strictSame(split([Buffer.from('\n')]).map(({ text }) => text), [''])
})

t.test('a text that is cut at any byte, or any two bytes, has the same lines', async t => {
  const whole = split([TEXT])
  for (let i = 0; i <= TEXT.length; i++) {
    for (let j = i; j <= TEXT.length; j++) t.strictSame(split(cut(TEXT, [i, j])), whole)
  }
  t.strictSame(split([...TEXT].map(byte => Buffer.of(byte))), whole)
})

t.test('an offset is the byte at which a line starts; the next offset is that of the next line', async t => {
  for (const { text, offset, end } of split([TEXT])) {
    t.equal(TEXT.subarray(offset, offset + Buffer.byteLength(text)).toString(), text)
    t.ok(end === TEXT.length || TEXT[end - 1] === 0x0a)
  }
  t.strictSame(split([Buffer.from('x\ny')], 9, 1000).map(({ offset, end }) => [offset, end]), [
    [1000, 1002], [1002, 1003]
  ])
})

t.test('property: any bytes in any chunks give the lines of the whole', async t => {
  let checked = 0
  const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xc3, 0xff), { maxLength: 60 })
  const places = fc.array(fc.nat(60), { maxLength: 6 })
  fc.assert(fc.property(bytes, places, fc.integer({ min: 1, max: 70 }), (bytes, cuts, max) => {
    const input = Buffer.from(bytes)
    checked++
    t.strictSame(split(cut(input, cuts), max), split([input], max))
  }))
  t.equal(checked, 100)
})

t.test('a line is too long from one byte over the limit, without its line end', async t => {
  const judged = (text: string): boolean[] => split([Buffer.from(text)], 4).map(({ tooLong }) => tooLong)
  t.strictSame(judged('1234\n12345\n1234\r\n12345\r\n1234'), [false, true, false, true, false])
  for (let i = 0; i < 9; i++) {
    t.strictSame(
      split(cut(Buffer.from('12345\n1234\r\nx'), [i]), 4).map(({ tooLong, text }) => [tooLong, text]),
      [[true, '12345'], [false, '1234'], [false, 'x']]
    )
  }
})

t.test('of a line that is too long, only the beginning is kept, and the next line is complete', async t => {
  const chunks = [...Array.from({ length: 100 }, () => Buffer.alloc(10_000, 'x')), Buffer.from('\nnext\n')]
  const [long, next] = split(chunks, 5000)
  t.strictSame({ ...long, text: long!.text.length }, { text: 4096, offset: 0, end: 1_000_001, tooLong: true })
  t.strictSame(next, { text: 'next', offset: 1_000_001, end: 1_000_006, tooLong: false })
})

t.test('invalid UTF-8 is not decoded', async t => {
  t.equal(decodeUtf8(Buffer.from('ascii')), 'ascii')
  t.equal(decodeUtf8(Buffer.from('é 🌊 \ufffd')), 'é 🌊 \ufffd')
  t.equal(decodeUtf8(Buffer.of(0x61, 0xff)), null)
  t.equal(decodeUtf8(Buffer.of(0xed, 0xa0, 0x80)), null, 'a surrogate in UTF-8')
})
