import t from 'tap'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { WordTable } from '../../../lib/sentencepiece/word-table.ts'

function bufferOf (ids: readonly number[]): IdBuffer {
  const buffer = new IdBuffer()
  ids.forEach(id => { buffer.push(id) })
  return buffer
}

/** A word's pieces, and its ids where they are others. */
function contentOf (table: WordTable, entry: number): number[][] {
  const at = table.piecesAt(entry)
  const [pieces, ids] = [table.pieceCount(entry), table.idCount(entry)]
  return [[...table.cells.slice(at, at + pieces)], [...table.cells.slice(at + pieces, at + pieces + ids)]]
}

t.test('words are found with all that was kept of them, also those with the same hash', async t => {
  const table = new WordTable(2 ** 20)
  const text = Buffer.from('barge barges bar, ')
  const words: ReadonlyArray<readonly [from: number, to: number, hash: number, pieces: number[], ids: number[]]> = [
    [0, 5, 77, [1, 2, 3], []],
    [6, 12, 77, [0, 0, 4], [0, 4]],
    [13, 16, -5, [9], []],
    [17, 17, 77, [], []]
  ]
  for (const [from, to, hash] of words) t.equal(table.find(text, from, to, hash), 0)
  words.forEach(([from, to, hash, pieces, ids], i) => table.add(text, from, to, hash, i, bufferOf(pieces), bufferOf(ids)))
  words.forEach(([from, to, hash, pieces, ids], i) => {
    const entry = table.find(text, from, to, hash)
    t.strictSame(contentOf(table, entry), [pieces, ids])
    t.equal(table.limit(entry), i)
  })
  t.equal(table.find(text, 0, 4, 77), 0)
})

t.test('it grows to its bound, then begins anew, and never finds another word\'s', async t => {
  const table = new WordTable(200_000)
  t.notOk(table.isOff)
  const wordOf = (i: number): Buffer => Buffer.from(`word${i}`)
  const isKept = (i: number): boolean => {
    const word = wordOf(i)
    const entry = table.find(word, 0, word.length, i * 31)
    if (entry !== 0) t.strictSame(contentOf(table, entry), [[i, i + 1], []])
    return entry !== 0
  }
  let anew = 0
  for (let i = 0; i < 20_000; i++) {
    const word = wordOf(i)
    table.add(word, 0, word.length, i * 31, 1, bufferOf([i, i + 1]), bufferOf([]))
    if (i > 0 && !isKept(i - 1)) anew++
    if (i === 50) t.ok(Array.from({ length: 51 }, (_, j) => isKept(j)).every(Boolean), 'all of a few are kept')
  }
  t.ok(isKept(19_999))
  t.ok(anew >= 2 && anew < 20, `${anew} times anew`)
  t.ok(table.cells.byteLength * 1.5 <= 200_000, `${table.cells.byteLength} bytes`)
})

t.test('with too little memory there is no table', async t => {
  for (const bytes of [0, 1, 1000]) t.ok(new WordTable(bytes).isOff)
})
