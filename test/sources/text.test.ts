import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { text } from '../../sources/text.ts'
import { collect, doc, put, temporaryFolder } from '../helpers.ts'

t.test('each line is a document, also an empty one, named by its position', async t => {
  const documents = await collect<Document>(text(Readable.from([Buffer.from('one\r\n\ntwo é\n last ')])))
  t.strictSame(documents, [doc('-#0', 'one'), doc('-#5', ''), doc('-#6', 'two é'), doc('-#13', ' last ')])
})

t.test('plain and compressed files are read in order', async t => {
  const folder = temporaryFolder(t)
  const documents = await collect<Document>(text([
    put(folder, 'b.txt', 'b\n'), put(folder, 'a.txt.gz', gzipSync('a1\na2\n'))
  ]))
  t.strictSame(documents.map(({ text }) => text), ['b', 'a1', 'a2'])
})

t.test('a line that is no UTF-8 or too long is counted', async t => {
  const source = text(Readable.from([Buffer.from('ok\nbad \xff\nlong line\n', 'latin1')]), {
    maxLineBytes: 6, maxBad: 2
  })
  t.strictSame((await collect<Document>(source)).map(({ text }) => text), ['ok'])
  t.strictSame(source.stats.dropped, { bad_utf8: 1, too_long: 1 })
})

t.test('a source is resumed from a position', async t => {
  const path = put(temporaryFolder(t), 'a.txt', 'one\ntwo\nthree\n')
  const source = text(path)
  for await (const { text } of source as AsyncIterable<Document>) if (text === 'two') break
  t.strictSame((await collect<Document>(text(path, { from: source.position }))).map(({ text }) => text), ['three'])
})

t.test('options are validated', async t => {
  t.throws(() => text('a', { textColumn: 'x' } as never), {
    code: 'ERR_OPTION', message: /text\.textColumn: unknown key/
  })
})
