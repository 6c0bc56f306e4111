/** Shards as text: rows and documents. */
import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { t } from '../../tap.ts'
import { shardName } from '../../../lib/shards/names.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { fixture, temporaryFolder } from '../../helpers.ts'
import { BOS, EOS, MODEL, UNK, documentsIn, pieces, putShards, rowsIn } from './helpers.ts'

const letters = 'the river carries a boat'

t.test('rows as text: the end of a document is marked, other control pieces are shown by name', async t => {
  const tokenizer = await loadTokenizer(MODEL)
  const first = [...tokenizer.encode(letters), EOS]
  const ids = [...first, BOS, ...tokenizer.encode('a gate'), UNK, EOS, EOS, ...tokenizer.encode('water turns')]
  const folder = putShards(temporaryFolder(t), ids.slice(0, ids.length - ids.length % 4))
  const rows = await rowsIn(folder, MODEL)
  t.equal(rows.length, Math.floor(ids.length / 4))
  t.match(rows.map(({ text }) => text).join(''), `${letters}</s>\n<s>a gate \u2047 </s>\n</s>\n`)
  t.strictSame(
    rows.map(({ path, row, index }) => [path.split('/').at(-1), row, index]).slice(0, 3),
    [['shard_00000.npy', 0, 0], ['shard_00000.npy', 1, 1], ['shard_00001.npy', 0, 2]]
  )
  // A row is the same wherever reading starts.
  for (const { index, text } of rows) {
    t.equal((await rowsIn(folder, MODEL, { from: index, to: index + 1 }))[0]!.text, text)
  }
  t.strictSame((await rowsIn(folder, MODEL, { from: 1, to: 4 })), rows.slice(1, 4))
})

t.test('a row that starts within a document keeps its first space, one that starts a document loses it', async t => {
  const id = await pieces('tiny.model')
  const within = putShards(temporaryFolder(t), [
    ...id('▁', 'a', '▁', 'a'), ...id('▁', 'a'), EOS, EOS, ...id('▁', 'a', '▁', 'a')
  ])
  t.strictSame((await rowsIn(within, MODEL)).map(({ text }) => text), ['a a', ' a</s>\n</s>\n', 'a a'])
})

t.test('a character that a row splits is shown as the names of its bytes, a damaged one as U+FFFD', async t => {
  const id = await pieces('bytes.model')
  const han = id('<0xE6>', '<0xBC>', '<0xA2>')
  const ids = [
    ...id('a', 'a'), ...han.slice(0, 2), ...han.slice(2), ...id('a', '<0xA2>', 'a'), ...han, EOS, ...han.slice(1),
    ...id('a'), ...han.slice(0, 1)
  ]
  const folder = putShards(temporaryFolder(t), ids)
  t.strictSame((await rowsIn(folder, fixture('bytes.model'))).map(({ text }) => text), [
    'aa<0xE6><0xBC>', '<0xA2>a\ufffda', '漢</s>\n', '\ufffd\ufffda<0xE6>'
  ])
  t.strictSame((await documentsIn(folder, fixture('bytes.model'))).map(({ text }) => text), [
    'aa漢a\ufffda漢', '\ufffd\ufffda\ufffd'
  ])
})

t.test('documents: the id gives their position, meta their number of ids and whether they are complete', async t => {
  const id = await pieces('tiny.model')
  const folder = putShards(temporaryFolder(t), [
    ...id('▁', 'a'), EOS, EOS, ...id('▁', 'a', 'a', 'a', 'a'), EOS, ...id('▁', 'a')
  ])
  const shard = (index: number): string => relative(process.cwd(), join(folder, shardName(index)))
  const found = await documentsIn(folder, MODEL)
  t.strictSame(found, [
    { id: `${shard(0)}#0:0`, text: 'a', meta: { tokens: 3, complete: true } },
    { id: `${shard(0)}#0:3`, text: '', meta: { tokens: 1, complete: true } },
    { id: `${shard(0)}#1:0`, text: 'aaaa', meta: { tokens: 6, complete: true } },
    { id: `${shard(1)}#0:2`, text: 'a', meta: { tokens: 2, complete: false } }
  ])
  t.strictSame(
    (await documentsIn(join(folder, shardName(1)), MODEL)).map(({ text, meta }) => [text, meta]),
    [['a', { tokens: 2, complete: true }], ['a', { tokens: 2, complete: false }]]
  )
})

t.test('for a single shard, the shard before it determines its beginning', async t => {
  const id = await pieces('tiny.model')
  const folder = putShards(temporaryFolder(t), [
    ...id('▁', 'a', '▁', 'a'), ...id('▁', 'a', '▁'), EOS, ...id('▁', 'a', '▁', 'a')
  ], { rowsPerShard: 1 })
  const text = async (index: number): Promise<string> =>
    (await documentsIn(join(folder, shardName(index)), MODEL))[0]!.text
  t.strictSame([await text(0), await text(1), await text(2)], ['a a', ' a ', 'a a'])
  rmSync(join(folder, shardName(0)))
  t.equal(await text(1), 'a ', 'without the shard before it, a shard starts a document')
})

t.test('a document that is too long is given in parts, each with the id of the part before', async t => {
  const id = await pieces('bytes.model')
  const text = id('▁', 'a', 'a', 'a', '<0xE6>', '<0xBC>', '<0xA2>', 'a', '▁', 'a')
  const parts = await documentsIn(putShards(temporaryFolder(t), [...text, EOS, EOS]), fixture('bytes.model'), 3)
  t.strictSame(parts.map(({ text }) => text), ['aaa', '漢a ', 'a', ''])
  t.strictSame(parts.map(({ meta }) => meta), [
    { tokens: 4, complete: false },
    { tokens: 5, complete: false, continues: parts[0]!.id },
    { tokens: 2, complete: true, continues: parts[1]!.id },
    { tokens: 1, complete: true }
  ])
})
