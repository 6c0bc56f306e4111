import { t } from '../../tap.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { WordTable, wordMemory } from '../../../lib/sentencepiece/word-table.ts'

function bufferOf (ids: readonly number[]): IdBuffer {
  const buffer = new IdBuffer()
  ids.forEach(id => { buffer.push(id) })
  return buffer
}

/** A word's pieces, and its ids if they differ. */
function contentOf (table: WordTable, entry: number): number[][] {
  const at = table.piecesAt(entry)
  const [pieces, ids] = [table.pieceCount(entry), table.idCount(entry)]
  return [[...table.cells.slice(at, at + pieces)], [...table.cells.slice(at + pieces, at + pieces + ids)]]
}

t.test('words are found with their entries, also words with the same hash', async t => {
  const table = new WordTable(wordMemory(2 ** 20))
  const text = Buffer.from('barge barges bar, ')
  const words: ReadonlyArray<readonly [from: number, to: number, hash: number, pieces: number[], ids: number[]]> = [
    [0, 5, 77, [1, 2, 3], []],
    [6, 12, 77, [0, 0, 4], [0, 4]],
    [13, 16, -5, [9], []],
    [17, 17, 77, [], []]
  ]
  for (const [from, to, hash] of words) t.equal(table.find(text, from, to, hash), 0)
  words.forEach(([from, to, hash, pieces, ids], i) => table.add(
    text,
    from,
    to,
    hash,
    i,
    bufferOf(pieces),
    bufferOf(ids)
  ))
  words.forEach(([from, to, hash, pieces, ids], i) => {
    const entry = table.find(text, from, to, hash)
    t.strictSame(contentOf(table, entry), [pieces, ids])
    t.equal(table.limit(entry), i)
  })
  t.equal(table.find(text, 0, 4, 77), 0)
})

t.test('a full table is emptied and refilled, and never returns another word\'s entry', async t => {
  const table = new WordTable(wordMemory(200_000))
  t.notOk(table.isOff)
  const wordOf = (i: number): Buffer => Buffer.from(`word${i}`)
  const wrong: number[][][] = []
  const isKept = (i: number): boolean => {
    const word = wordOf(i)
    const entry = table.find(word, 0, word.length, i * 31)
    if (entry === 0) return false
    const content = contentOf(table, entry)
    if (JSON.stringify(content) !== JSON.stringify([[i, i + 1], []])) wrong.push(content)
    return true
  }
  let anew = 0
  for (let i = 0; i < 20_000; i++) {
    const word = wordOf(i)
    table.add(word, 0, word.length, i * 31, 1, bufferOf([i, i + 1]), bufferOf([]))
    if (i > 0 && !isKept(i - 1)) anew++
    if (i === 50) t.ok(Array.from({ length: 51 }, (_, j) => isKept(j)).every(Boolean), 'a few words are all kept')
  }
  t.ok(isKept(19_999))
  t.strictSame(wrong, [])
  t.ok(anew >= 2 && anew < 20, `emptied ${anew} times`)
  t.ok(table.cells.byteLength * 1.125 <= 200_000, `${table.cells.byteLength} bytes`)
})

t.test('words with the same hash are found while they are few, and cost little when they are many', async t => {
  const table = new WordTable(wordMemory(2 ** 22))
  const wordOf = (i: number): Buffer => Buffer.from(`word${i}`)
  for (let i = 0; i < 5000; i++) {
    const word = wordOf(i)
    if (table.find(word, 0, word.length, 7) === 0) table.add(word, 0, word.length, 7, 1, bufferOf([i]), bufferOf([]))
  }
  const found = Array.from({ length: 5000 }, (_, i) => wordOf(i)).flatMap((word, i) => {
    const entry = table.find(word, 0, word.length, 7)
    if (entry !== 0) t.strictSame(contentOf(table, entry), [[i], []])
    return entry === 0 ? [] : [i]
  })
  t.ok(found.length >= 50 && found.length < 1000, `${found.length} are found`)
})

t.test('with too little memory, the table is off', async t => {
  for (const bytes of [0, 1, 1000]) t.ok(new WordTable(wordMemory(bytes)).isOff)
})

t.test('tables in the same memory share their words, and notice when one of them is emptied', async t => {
  const memory = wordMemory(30_000)
  const [table, other] = [new WordTable(memory), new WordTable(memory)]
  const text = Buffer.from('barge')
  t.ok(table.enter() && other.enter())
  const entry = table.add(text, 0, 5, 77, 1.5, bufferOf([1, 2, 3]), bufferOf([]))
  t.equal(other.find(text, 0, 5, 77), entry)
  t.strictSame([contentOf(other, entry), other.limit(entry)], [[[1, 2, 3], []], 1.5])
  t.ok(table.isAsEntered() && other.isAsEntered())

  for (let i = 0; other.find(text, 0, 5, 77) !== 0; i++) {
    table.add(Buffer.from(`word${i}`), 0, 6, i * 31, 1, bufferOf([i]), bufferOf([]))
  }
  t.ok(table.isAsEntered(), 'the table that emptied the memory can continue')
  t.notOk(other.isAsEntered())
  t.ok(other.enter() && other.isAsEntered())
})

t.test('while another thread writes, a table adds no words; while it is emptied, it can\'t be entered', async t => {
  const memory = wordMemory(30_000)
  const table = new WordTable(memory)
  const control = new Int32Array(memory, 0, 2)
  control[1] = 1
  t.equal(table.add(Buffer.from('barge'), 0, 5, 77, 1, bufferOf([1]), bufferOf([])), 0)
  control.set([1, 0])
  t.notOk(table.enter())
})
