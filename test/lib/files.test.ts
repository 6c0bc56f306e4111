import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { documentPath, findFiles, readBytes } from '../../lib/files.ts'
import { failure, put, temporaryFolder } from '../helpers.ts'

async function read (path: string, options: Parameters<typeof readBytes>[1] = {}): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readBytes(path, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

t.test('files come in the order given, those of a glob in code-unit order', async t => {
  const folder = temporaryFolder(t)
  for (const name of ['b.txt', 'a.txt', 'B.txt', 'c.txt', 'sub/d.txt']) put(folder, name, name)
  const found = await findFiles([join(folder, 'c.txt'), join(folder, '*.txt')])
  t.strictSame(found.map(({ path }) => relative(folder, path)), ['c.txt', 'B.txt', 'a.txt', 'b.txt', 'c.txt'])
  t.strictSame(found.map(({ size }) => size), [5, 5, 5, 5, 5])
  t.strictSame((await findFiles(join(folder, '**/*.txt'))).length, 5)
})

t.test('a file with glob characters in its name is found by its name', async t => {
  const path = put(temporaryFolder(t), 'part[1].txt', 'x')
  t.strictSame(await findFiles(path), [{ path, size: 1 }])
})

t.test('what is no file is refused by name', async t => {
  const folder = temporaryFolder(t)
  await t.rejects(findFiles(join(folder, 'none.txt')), { code: 'ERR_FILES', message: /none\.txt: no such file/ })
  await t.rejects(findFiles(join(folder, '*.txt')), { code: 'ERR_FILES', message: /no file matches/ })
  await t.rejects(findFiles(folder), { code: 'ERR_FILES', message: /is a folder.*\/\*/ })
  await t.rejects(findFiles([]), { code: 'ERR_FILES' })
  await t.rejects(read(folder), { code: 'ERR_FILES', message: /is a folder/ })
})

t.test('an absolute path is no part of an id', async t => {
  t.equal(documentPath('data/a.txt'), 'data/a.txt')
  t.equal(documentPath(join(process.cwd(), 'data/a.txt')), join('data', 'a.txt'))
})

t.test('bytes from any offset, plain and compressed', async t => {
  const folder = temporaryFolder(t)
  const text = 'abcdefghij'.repeat(100_000)
  for (const path of [put(folder, 'a', text), put(folder, 'a.gz', gzipSync(text))]) {
    for (const offset of [0, 1, 999_999, 1_000_000]) t.equal(await read(path, { offset }), text.slice(offset), `${path} ${offset}`)
  }
})

t.test('members of a .gz that was put together of several are read one after the other', async t => {
  const path = put(temporaryFolder(t), 'a.gz', Buffer.concat([gzipSync('one '), gzipSync('two')]))
  t.equal(await read(path), 'one two')
})

t.test('a .gz that is cut off or damaged is an error with its place, not a short file', async t => {
  const folder = temporaryFolder(t)
  const whole = gzipSync(Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256)))
  await t.rejects(read(put(folder, 'cut.gz', whole.subarray(0, -5))), { code: 'ERR_SOURCE', message: /cut\.gz: the gzip data is cut off after \d+ decompressed bytes/, cause: { code: 'Z_BUF_ERROR' } })
  await t.rejects(read(put(folder, 'empty.gz', '')), { code: 'ERR_SOURCE', message: /empty\.gz/ })
  const damaged = Buffer.from(whole)
  damaged.fill(0xff, 200, 220)
  await t.rejects(read(put(folder, 'bad.gz', damaged)), { code: 'ERR_SOURCE', message: /bad\.gz: damaged gzip data/ })
  await t.rejects(read(put(folder, 'plain.gz', 'not compressed')), { code: 'ERR_SOURCE', message: /plain\.gz/ })
})

t.test('the bytes of the file itself are told for the progress', async t => {
  const compressed = gzipSync('x'.repeat(1e6))
  let told = 0
  await read(put(temporaryFolder(t), 'a.gz', compressed), { onRead: bytes => { told = bytes } })
  t.equal(told, compressed.length)
})

t.test('a signal stops the reading', async t => {
  const stop = new AbortController()
  const path = put(temporaryFolder(t), 'a', 'x'.repeat(2e6))
  const chunks = readBytes(path, { signal: stop.signal })
  await chunks.next()
  stop.abort()
  await t.rejects(async () => { while ((await chunks.next()).done !== true); }, { name: 'AbortError' })
})

t.test('behind a gzip member zeros are padding, and anything else is an error, not the end', async t => {
  const folder = temporaryFolder(t)
  const member = gzipSync('one ')
  t.equal(await read(put(folder, 'padded.gz', Buffer.concat([member, Buffer.alloc(5000)]))), 'one ')
  for (const rest of [Buffer.concat([Buffer.alloc(4096), gzipSync('lost')]), Buffer.from('garbage')]) {
    t.match(await failure(read(put(folder, 'a.gz', Buffer.concat([member, rest])))), { code: 'ERR_SOURCE', message: /what follows is no gzip data|damaged gzip data/ })
  }
})

t.test('a pipe is read by its name, and bytes from a saved offset are there or an error', async t => {
  const folder = temporaryFolder(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const reading = read(join(folder, 'pipe'))
  const writer = createWriteStream(join(folder, 'pipe'))
  writer.end('through a pipe')
  t.equal(await reading, 'through a pipe')
  t.match(await failure(read(put(folder, 'a.gz', gzipSync('short')), { offset: 99 })), { code: 'ERR_STATE', message: /byte 99, but there are only 5/ })
})

t.test('every file that is missing is told', async t => {
  t.match(await failure(findFiles(['/none/a', '/none/b'])), { code: 'ERR_FILES', message: '/none/a: no such file\n/none/b: no such file' })
})
