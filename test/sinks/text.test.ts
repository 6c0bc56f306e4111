import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { textSink } from '../../sinks/text.ts'
import { text } from '../../sources/text.ts'
import { closed, collect, doc, docs, failure, filesIn, temporaryFolder } from '../helpers.ts'

t.test('each text is written as a line, and read back by the text source', async t => {
  const folder = temporaryFolder(t)
  const documents = [doc('a', 'one'), doc('b', ''), doc('c', 'é 🌊')]
  for (const name of ['a.txt', 'a.txt.gz']) {
    const path = join(folder, name)
    await pipeline(Readable.from(documents), textSink(path))
    t.equal((name.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString(), 'one\n\né 🌊\n')
    t.strictSame((await collect<Document>(text(path))).map(({ text }) => text), ['one', '', 'é 🌊'])
  }
})

t.test('a text that would become several documents is refused by its id, and no file is left', async t => {
  const folder = temporaryFolder(t)
  for (const bad of ['a\nb', 'a\rb', 'a\n']) {
    const sink = textSink(join(folder, 'a.txt'))
    const error = await failure(pipeline(Readable.from([...docs(20), doc('the-one', bad)]), sink))
    await closed(sink)
    t.match(error, { code: 'ERR_DOCUMENT', message: /a\.txt: document the-one has line breaks.*normalize/ })
  }
  t.strictSame(filesIn(folder), [])
})

t.test('options are validated', async t => {
  t.throws(() => textSink('a', { x: 1 } as never), { code: 'ERR_OPTION' })
})
