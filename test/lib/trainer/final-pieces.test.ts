import { t } from '../../tap.ts'
import type { Piece } from '../../../lib/sentencepiece/model.ts'
import type { Alphabet } from '../../../lib/trainer/alphabet.ts'
import { finalPieces } from '../../../lib/trainer/final-pieces.ts'
import { metaPieces } from '../../../lib/trainer/options.ts'

const METAS: readonly Piece[] = [{ piece: '<unk>', score: 0, type: 'unknown' }]

function alphabet (text: string): Alphabet {
  const characters = [...text].map(character => ({ codePoint: character.codePointAt(0)!, count: 1, symbol: 4 }))
  return { characters, codePoints: new Int32Array(), total: 1 }
}

t.test('the vocabulary has all characters and the best other pieces', t => {
  const scores = { a: -3, ab: -2, bc: -4, abc: -1 }
  const scored = Object.entries(scores).map(([piece, score]) => ({ piece, score }))
  const trained = { pieces: scored, leastScore: -4, most: 9 }
  const pieces = finalPieces(METAS, alphabet('abc'), trained, { vocabSize: 6, hardVocabLimit: true })
  t.same(pieces, [
    { piece: '<unk>', score: 0, type: 'unknown' },
    { piece: 'abc', score: -1, type: 'normal' },
    { piece: 'ab', score: -2, type: 'normal' },
    { piece: 'a', score: -3, type: 'normal' },
    { piece: 'c', score: Math.fround(-4 + 0.0001), type: 'normal' },
    { piece: 'b', score: -4, type: 'normal' }
  ], 'pruned characters get the lowest score')
  t.end()
})

t.test('ties are ordered by bytes', t => {
  const scored = ['\u{1f600}', '\uffee', 'b', 'a', 'é'].map(piece => ({ piece, score: -1 }))
  const trained = { pieces: scored, leastScore: -1, most: 6 }
  const pieces = finalPieces(METAS, alphabet('b'), trained, { vocabSize: 6, hardVocabLimit: true })
  t.same(pieces.slice(1).map(({ piece }) => piece), ['a', 'b', 'é', '\uffee', '\u{1f600}'])
  t.end()
})

t.test('too few pieces are an error', t => {
  const trained = { pieces: [], leastScore: -1, most: 5 }
  const few = (vocabSize: number, hardVocabLimit = true): Piece[] =>
    finalPieces(METAS, alphabet('ab'), trained, { vocabSize, hardVocabLimit })
  t.throws(() => few(10), {
    code: 'ERR_OPTION',
    message: 'train.vocabSize: the text has at most 5 pieces, expected 10; use 5, ' +
      'or allow fewer without `hardVocabLimit`'
  })
  t.throws(() => few(4), {
    code: 'ERR_OPTION',
    message: 'train.vocabSize: 3 of the text\'s 5 pieces are left after pruning, expected 4; use 5 ' +
      '(none is pruned then) or a smaller size, or allow fewer without `hardVocabLimit`'
  })
  t.equal(few(4, false).length, 3)
  t.end()
})

t.test('meta pieces come first', t => {
  const names = (userDefinedSymbols: string[], byteFallback = false): string[] => {
    const pieces = metaPieces({ userDefinedSymbols, byteFallback, vocabSize: 1000 })
    return pieces.map(({ piece, type }) => `${piece} ${type}`)
  }
  const first = ['<unk> unknown', '<s> control', '</s> control']
  t.same(names([]), first)
  t.same(names(['x', 'a b', '\u2581']), [...first, 'x user_defined', 'a b user_defined', '\u2581 user_defined'])
  t.same(names(['x', '</s>', '<s>']), ['<unk> unknown', '<s> user_defined', '</s> user_defined', 'x user_defined'])
  const bytes = names(['x'], true)
  t.equal(bytes.length, 4 + 256)
  t.same([bytes[4], bytes.at(-1)], ['<0x00> byte', '<0xFF> byte'])
  t.same(names(['<0x41>']), [...first, '<0x41> user_defined'])
  t.end()
})

t.test('invalid symbols are refused', t => {
  const wrong: ReadonlyArray<readonly [string[], string]> = [
    [['a', ''], 'an empty symbol'],
    [['<unk>'], '<unk>, which is the unknown piece'],
    [['a\0'], '"a\\u0000", which has a NUL: no reader accepts a model with one'],
    [['a\ud83d'], '"a\\ud83d", which has half a character'],
    [['a', 'b', 'a'], 'a twice'],
    [['<s>', '<s>'], '<s> twice'],
    [['<0x0A>'], '<0x0A>, which is the piece of a byte']
  ]
  for (const [userDefinedSymbols, got] of wrong) {
    t.throws(() => metaPieces({ userDefinedSymbols, byteFallback: true, vocabSize: 1000 }), {
      code: 'ERR_OPTION',
      message: `train.userDefinedSymbols: expected different symbols, got ${got}`
    })
  }
  t.throws(() => metaPieces({ userDefinedSymbols: ['a'], byteFallback: false, vocabSize: 4 }), {
    code: 'ERR_OPTION',
    message: 'train.vocabSize: expected more than the 4 special pieces, symbols and bytes, got 4'
  })
  t.equal(metaPieces({ userDefinedSymbols: ['a'], byteFallback: false, vocabSize: 5 }).length, 4)
  t.end()
})
