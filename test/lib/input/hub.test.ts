import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { findFiles } from '../../../lib/input/find.ts'
import { openRanges } from '../../../lib/input/ranges.ts'
import { readBytes } from '../../../lib/input/read.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { text } from '../../../sources/text.ts'
import { collect, failure, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { startForAll } from '../hub/hosts.ts'

const FILES = {
  'a.txt': 'one\ntwo\n',
  'b.txt': 'three\n',
  'sub/[c].txt': 'four\n',
  'd.jsonl.gz': gzipSync('{"text":"five"}\n'),
  'bad.gz': Buffer.concat([gzipSync('x'), Buffer.from('more')]),
  'padded.gz': Buffer.concat([gzipSync('x'), Buffer.alloc(512)])
}
const RETRIES = { hub: { retryDelay: 1, maxRetries: 2 } }

t.test('names and globs on the Hub are found like local ones, at a commit', async t => {
  const hub = await startForAll(t, { repos: [{ name: 'o/n', files: FILES }] })
  const at = `hf://datasets/o/n@${hub.commitOf('o/n')}`
  const local = put(temporaryFolder(t), 'x.txt', 'local\n')
  t.same(await findFiles(['hf://datasets/o/n/*.txt', local, `${at}/a.txt`]), [
    { path: `${at}/a.txt`, size: 8 }, { path: `${at}/b.txt`, size: 6 }, { path: local, size: 6 },
    { path: `${at}/a.txt`, size: 8 }
  ])
  t.same((await findFiles(`${at}/sub/[c].txt`)).map(({ path }) => path), [`${at}/sub/[c].txt`])
  t.same((await findFiles('hf://datasets/o/n@main/b.txt')).map(({ path }) => path), [`${at}/b.txt`])
  t.match(await failure(findFiles('hf://datasets/o/n/*.csv')), {
    code: 'ERR_FILES', message: 'hf://datasets/o/n/*.csv: no file of the dataset matches this'
  })
  t.match(await failure(findFiles('hf://datasets/o/n/c.txt')), { code: 'ERR_FILES' })
  t.match(await failure(findFiles(`${at}/c.txt`)), { code: 'ERR_DATASET' })
  t.match(await failure(findFiles([join(local, 'none'), `${at}/a.txt`])), { code: 'ERR_FILES' })
  t.match(await collect(text(['hf://datasets/o/n/?.txt', local])), [
    { text: 'one', id: 'hf://datasets/o/n/a.txt#0' }, { text: 'two' }, { text: 'three' }, { text: 'local' }
  ])
  t.match(await collect(ndjson(`${at}/d.jsonl.gz`, RETRIES)), [{ text: 'five' }])
})

t.test('bytes and ranges are read from the Hub', async t => {
  const hub = await startForAll(t, { repos: [{ name: 'o/n', files: FILES }] })
  const at = `hf://datasets/o/n@${hub.commitOf('o/n')}`
  const read = async (name: string, offset = 0): Promise<[string, number]> => {
    const chunks: Buffer[] = []
    let read = 0
    for await (const chunk of readBytes(`${at}/${name}`, { offset, onRead: bytes => { read = bytes } })) {
      chunks.push(chunk)
    }
    return [Buffer.concat(chunks).toString(), read]
  }
  t.same(await read('a.txt'), ['one\ntwo\n', 8])
  t.same(await read('a.txt', 4), ['two\n', 8])
  t.same(await read('padded.gz'), ['x', FILES['padded.gz'].length])
  t.match(await failure(read('bad.gz')), { code: 'ERR_SOURCE' })
  const ranges = await openRanges(`${at}/a.txt`)
  t.equal(String(await ranges.read(4, 7)), 'two')
  await ranges.close()
})
