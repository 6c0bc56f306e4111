import { readFileSync } from 'node:fs'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { t } from '../../tap.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { answers, failure, fixture, put, temporaryFolder } from '../../helpers.ts'

t.test('pieces, scores, types and special ids equal those of SentencePiece', async t => {
  for (const expected of answers().models) {
    const model = readModel(readFileSync(fixture(expected.file)), expected.file)
    t.strictSame(model.pieces.map(({ piece, score }) => [piece, score]), expected.pieces, expected.file)
    t.strictSame(
      { unk: model.unkId, bos: model.bosId, eos: model.eosId, pad: model.padId },
      { unk: expected.unk_id, bos: expected.bos_id, eos: expected.eos_id, pad: expected.pad_id }
    )
    const idsOf = (type: string): number[] => model.pieces.flatMap((piece, id) => piece.type === type ? [id] : [])
    t.strictSame(idsOf('control'), expected.control)
    t.strictSame(idsOf('byte'), expected.byte)
    t.strictSame(idsOf('unknown'), [expected.unk_id])
  }
})

t.test('specs are those that the models were trained with', async t => {
  const [tiny, bpe, chars, bytes] = ['tiny', 'bpe', 'no-eos', 'bytes'].map(name =>
    readModel(readFileSync(fixture(`${name}.model`)), name))
  t.match(tiny, {
    trainer: {
      modelType: 'unigram',
      vocabSize: 85,
      byteFallback: false,
      splitByWhitespace: true,
      treatWhitespaceAsSuffix: false,
      eosPiece: '</s>'
    }
  })
  t.match(tiny, {
    normalizer: {
      name: 'identity',
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true
    }
  })
  t.equal(Math.fround(tiny!.trainer.characterCoverage), Math.fround(0.9995))
  t.match(bpe, { trainer: { modelType: 'bpe' }, pieces: [{}, {}, {}, {}, { piece: '<doc>', type: 'user_defined' }] })
  t.match(chars, { trainer: { modelType: 'char' } })
  t.match(bytes, { trainer: { byteFallback: true } })
})

const GOOD = readFileSync(fixture('tiny.model'))

function modelOf (pieces: ReadonlyArray<readonly [piece: string, score: number, type: number]>): Uint8Array {
  const writer = new BinaryWriter()
  for (const [piece, score, type] of pieces) {
    writer.tag(1, WireType.LengthDelimited).fork()
      .tag(1, WireType.LengthDelimited).string(piece)
      .tag(2, WireType.Bit32).float(score)
      .tag(3, WireType.Varint).int32(type)
      .join()
  }
  return writer.tag(2, WireType.LengthDelimited).fork().join().tag(3, WireType.LengthDelimited).fork().join().finish()
}

t.test('a file that is no model is refused, with its first bytes', async t => {
  const cases: ReadonlyArray<readonly [string, Uint8Array, RegExp]> = [
    ['empty', Buffer.alloc(0), /it has no pieces; the file has 0 bytes and begins with nothing/],
    ['text', Buffer.from('{"model": {"vocab": []}}'), /is a tokenizer\.json of Hugging Face's tokenizers/],
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex'), /is gzip data; /],
    ['zeros', Buffer.alloc(100), /illegal tag/],
    ['truncated within a field', GOOD.subarray(0, 300), /SentencePiece model/],
    ['no unknown piece', modelOf([['a', 0, 1]]), /it has 0 unknown pieces/],
    ['two unknown pieces', modelOf([['a', 0, 2], ['b', 0, 2]]), /it has 2 unknown pieces/],
    ['an empty piece', modelOf([['<unk>', 0, 2], ['', 0, 1]]), /piece 1 is empty/],
    ['the same piece twice', modelOf([['<unk>', 0, 2], ['a', 0, 1], ['a', -1, 1]]), /pieces 1 and 2 are both "a"/],
    ['a score that is not finite', modelOf([['<unk>', 0, 2], ['a', NaN, 1]]), /score of piece 1 is NaN/],
    ['an unknown type', modelOf([['<unk>', 0, 2], ['a', 0, 9]]), /unknown type of a piece: 9/],
    ['a piece with a NUL', modelOf([['<unk>', 0, 2], ['a\0b', 0, 1]]), /piece 1 is "a\\u0000b", which has a NUL/],
    ['a piece that is not UTF-8', Buffer.of(10, 3, 10, 1, 0xff), /a text is not UTF-8/],
    [
      'an invalid byte piece',
      modelOf([['<unk>', 0, 2], ['<0x1g>', 0, 6]]),
      /piece 1 is "<0x1g>", expected <0x00> to <0xFF> for a byte/
    ],
    [
      'a byte piece without byte_fallback',
      modelOf([['<unk>', 0, 2], ['<0x1F>', 0, 6]]),
      /it has 1 pieces for bytes, expected none, since byte_fallback is off/
    ],
    [
      'byte_fallback without its pieces',
      Buffer.concat([modelOf([['<unk>', 0, 2]]), Buffer.of(2 << 3 | 2, 3, 0x98, 0x02, 1)]),
      /it has 0 pieces for bytes, expected 256, since byte_fallback is on/
    ],
    [
      'a piece that continues after its end',
      Buffer.of(10, 2, 10, 5, 65, 65, 65, 65, 65),
      /message 1 ends inside a field/
    ],
    ['a wrong wire type', Buffer.of(0x08, 0x01), /field 1 has wire type 0, expected 2/]
  ]
  t.match(
    readModel(modelOf([['<unk>', 0, 2], ['a', 0, 1]]), 'good'),
    { pieces: { length: 2 } },
    'each case has exactly one mistake'
  )
  for (const [name, bytes, message] of cases) {
    t.throws(() => readModel(bytes, 'm.model'), { code: 'ERR_TOKENIZER', exitCode: 2, message }, name)
  }
})

t.test('a byte order mark is a normal piece, and unused fields are kept', async t => {
  const extra = Buffer.of(2 << 3 | 2, 2, 7 << 3, 5, 9 << 3 | 2, 2, 65, 66)
  const { pieces, unknownFields } = readModel(
    Buffer.concat([modelOf([['<unk>', 0, 2], ['\ufeff', 0, 1], ['\ufeffa', 0, 1]]), extra]),
    'm'
  )
  t.strictSame(pieces.map(({ piece }) => piece), ['<unk>', '\ufeff', '\ufeffa'])
  t.strictSame(unknownFields.map(({ bytes, ...field }) => ({ ...field, bytes: [...bytes] })), [
    { path: [2, 7], wireType: 0, bytes: [5] },
    { path: [9], wireType: 2, bytes: [2, 65, 66] }
  ])
})

t.test('a truncated file is refused, unless it ends between two fields, as in SentencePiece', async t => {
  const ends = new Set(topLevelFields(GOOD).map(({ end }) => end))
  let refused = 0
  for (let length = 0; length < GOOD.length; length++) {
    try {
      readModel(GOOD.subarray(0, length), 'm.model')
      // The normalizer_spec comes last: without its last field, a flag that is true by default, it is valid as well.
      t.ok(ends.has(length) || GOOD.length - length < 12, `truncated after ${length} of ${GOOD.length} bytes`)
    } catch (error) {
      t.match(error, { code: 'ERR_TOKENIZER' })
      refused++
    }
  }
  t.ok(refused > GOOD.length - 12 - ends.size)
})

interface Bare {
  readonly model: string
  readonly without: readonly number[]
  readonly special?: readonly number[]
  readonly encoded?: ReadonlyArray<readonly [text: string, ids: readonly number[], decoded: string]>
  readonly error?: string
}

t.test('without trainer_spec or normalizer_spec, the ids are those of SentencePiece', async t => {
  const folder = temporaryFolder(t)
  const cases = JSON.parse(readFileSync(fixture('bare.json'), 'utf8')) as Bare[]
  for (const { model, without, special, encoded, error } of cases) {
    const bytes = readFileSync(fixture(`${model}.model`))
    const kept = topLevelFields(bytes).filter(({ number }) => !without.includes(number))
    const path = put(
      folder, `${model}.model`, Buffer.concat(kept.map(({ start, end }) => bytes.subarray(start, end)))
    )
    if (error !== undefined) {
      t.match(await failure(loadTokenizer(path)), {
        code: 'ERR_TOKENIZER',
        message: /expected none, since byte_fallback is off/
      })
      continue
    }
    const { encode, decode, unkId, bosId, eosId, padId } = await loadTokenizer(path)
    t.strictSame([unkId, bosId, eosId, padId], special)
    for (const [text, ids, decoded] of encoded!) {
      t.strictSame([...encode(text)], ids, `${model} without ${without.join()}: ${JSON.stringify(text)}`)
      t.equal(decode(ids), decoded)
    }
  }
})

/** The positions of a model's fields, which all have a length. */
function topLevelFields (bytes: Buffer): Array<{
  readonly number: number
  readonly start: number
  readonly end: number
}> {
  const found: Array<{ readonly number: number, readonly start: number, readonly end: number }> = []
  for (let at = 0; at < bytes.length;) {
    const start = at++
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      length += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    at += length
    found.push({ number: bytes[start]! >>> 3, start, end: at })
  }
  return found
}
