import { execFileSync } from 'node:child_process'
import {
  appendFileSync, createWriteStream, readFileSync, renameSync, truncateSync, utimesSync, writeFileSync
} from 'node:fs'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { documentPath, findFiles } from '../../../lib/input/find.ts'
import { readBytes } from '../../../lib/input/read.ts'
import { loadZstdCompressor } from '../../../lib/zstd/compress.ts'
import { failure, fixture, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { frameOf, rawBlock, zstdBomb } from '../../zstd.ts'

async function read (path: string, options: Parameters<typeof readBytes>[1] = {}): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readBytes(path, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

t.test('files come in the given order, those of a glob in code-unit order', async t => {
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

t.test('a path that is no file is refused by name', async t => {
  const folder = temporaryFolder(t)
  await t.rejects(findFiles(join(folder, 'none.txt')), { code: 'ERR_FILES', message: /none\.txt: no such file/ })
  await t.rejects(findFiles(join(folder, '*.txt')), { code: 'ERR_FILES', message: /no file matches/ })
  await t.rejects(findFiles(folder), { code: 'ERR_FILES', message: /is a folder.*\/\*/ })
  await t.rejects(findFiles([]), { code: 'ERR_FILES' })
  await t.rejects(read(folder), { code: 'ERR_FILES', message: /is a folder/ })
})

t.test('an absolute path is not part of an id', async t => {
  t.equal(documentPath('data/a.txt'), 'data/a.txt')
  t.equal(documentPath(join(process.cwd(), 'data/a.txt')), join('data', 'a.txt'))
})

t.test('bytes from any offset are read, plain and compressed', async t => {
  const folder = temporaryFolder(t)
  const text = 'abcdefghij'.repeat(100_000)
  const zstd = await loadZstdCompressor()
  for (const path of [
    put(folder, 'a', text),
    put(folder, 'a.gz', gzipSync(text)),
    put(folder, 'a.zst', Buffer.concat([
      zstd(Buffer.from(text.slice(0, 600_000))), zstd(Buffer.from(text.slice(600_000)))
    ]))
  ]) {
    for (const offset of [0, 1, 999_999, 1_000_000]) {
      t.equal(await read(path, { offset }), text.slice(offset), `${path} ${offset}`)
    }
  }
})

t.test('members of a concatenated .gz are read one after the other', async t => {
  const path = put(temporaryFolder(t), 'a.gz', Buffer.concat([gzipSync('one '), gzipSync('two')]))
  t.equal(await read(path), 'one two')
})

t.test('a truncated or damaged .gz is an error with its position, not a short file', async t => {
  const folder = temporaryFolder(t)
  const whole = gzipSync(Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256)))
  await t.rejects(read(put(folder, 'cut.gz', whole.subarray(0, -5))), {
    code: 'ERR_SOURCE',
    message: /cut\.gz: the gzip data is cut off after \d+ decompressed bytes/,
    cause: { code: 'Z_BUF_ERROR' }
  })
  await t.rejects(read(put(folder, 'empty.gz', '')), { code: 'ERR_SOURCE', message: /empty\.gz/ })
  const damaged = Buffer.from(whole)
  damaged.fill(0xff, 200, 220)
  await t.rejects(read(put(folder, 'bad.gz', damaged)), { code: 'ERR_SOURCE', message: /bad\.gz: damaged gzip data/ })
  await t.rejects(read(put(folder, 'plain.gz', 'not compressed')), { code: 'ERR_SOURCE', message: /plain\.gz/ })
})

t.test('progress counts the bytes of the file on disk', async t => {
  const compressed = gzipSync('x'.repeat(1e6))
  let told = 0
  await read(put(temporaryFolder(t), 'a.gz', compressed), { onRead: bytes => { told = bytes } })
  t.equal(told, compressed.length)
  await read(fixture('zstd/many-frames.zst'), { onRead: bytes => { told = bytes } })
  t.equal(told, readFileSync(fixture('zstd/many-frames.zst')).length)
})

t.test('a .zst that is truncated, damaged, invalid, or followed by other data is an error with its path', async t => {
  const folder = temporaryFolder(t)
  const whole = frameOf([rawBlock('text', true)], { checksum: 1 })
  for (const [content, says] of [
    [whole.subarray(0, -6), /a\.zst: the zstd data is cut off after 0 decompressed bytes/],
    [whole, /a\.zst: damaged zstd data after 4 decompressed bytes \(a frame whose checksum/],
    [Buffer.from('plain'), /a\.zst: is not zstd data, as its extension says/],
    [
      Buffer.concat([frameOf([rawBlock('text', true)]), Buffer.from('{}')]),
      /a\.zst: the zstd data ends at byte 13 of 15, and what follows \(2 bytes\) is not zstd data/
    ]
  ] as const) {
    t.match(await failure(read(put(folder, 'a.zst', content))), { code: 'ERR_SOURCE', message: says })
  }
  t.match(
    await failure(read(put(folder, 'a.zst', frameOf([rawBlock('text', true)])), { offset: 5 })),
    { code: 'ERR_STATE', message: /byte 5, but there are only 4/ }
  )
})

t.test('a signal stops a decompression bomb', async t => {
  const stop = new AbortController()
  const chunks = readBytes(put(temporaryFolder(t), 'bomb.zst', zstdBomb(8e9)), { signal: stop.signal })
  await chunks.next()
  stop.abort()
  await t.rejects(chunks.next(), { name: 'AbortError' })
})

t.test('a file that begins with something else than text is refused, from its start only', async t => {
  const folder = temporaryFolder(t)
  for (const [name, content, says] of [
    ['a.ndjson', gzipSync('text'), /a\.ndjson: is gzip data; give it a name that ends in \.gz/],
    ['a.gz', gzipSync(gzipSync('text')), /a\.gz: is gzip data again once it is decompressed/],
    [
      'a.zst',
      frameOf([rawBlock(Buffer.from('PAR1\x15'), true)]),
      /a\.zst: is a parquet file once it is decompressed; read it with --dataset parquet/
    ]
  ] as const) {
    const path = put(folder, name, content)
    t.match(await failure(read(path)), { code: 'ERR_SOURCE', message: says })
    t.equal(typeof await read(path, { offset: 4 }), 'string')
  }
})

const changes: Readonly<Record<string, (path: string) => void>> = {
  grows: path => { appendFileSync(path, 'more') },
  shrinks: path => { truncateSync(path, 300_000) },
  'is overwritten in place': path => {
    writeFileSync(path, 'y'.repeat(2e6), { flag: 'r+' })
    utimesSync(path, new Date(), new Date(Date.now() + 5000))
  }
}

for (const [change, make] of Object.entries(changes)) {
  t.test(`a file that ${change} while it is read is an error`, async t => {
    const path = put(temporaryFolder(t), 'a.txt', 'x'.repeat(2e6))
    const chunks = readBytes(path)
    await chunks.next()
    make(path)
    t.match(await failure((async () => { while ((await chunks.next()).done !== true); })()), {
      code: 'ERR_SOURCE',
      message: /a\.txt: was changed while it was read \(2000000 bytes, then \d+\); wait until it is completely written/
    })
  })
}

t.test('a compressed file that grows while it is read is an error; a replaced one is read to its end', async t => {
  const folder = temporaryFolder(t)
  const noise = Buffer.from(Array.from({ length: 2e6 }, (_, i) => (i * i * 7919 >> 3) % 251))
  const zstd = await loadZstdCompressor()
  const blocks = Array.from({ length: 20 }, (_, i) => rawBlock(noise.subarray(i * 1e4, i * 1e4 + 1e5), i === 19))
  for (const [name, member] of [
    ['a.gz', gzipSync(noise, { level: 0 })],
    ['a.zst', Buffer.concat([zstd(noise), frameOf(blocks)])]
  ] as const) {
    const path = put(folder, name, member)
    const chunks = readBytes(path)
    await chunks.next()
    appendFileSync(path, member)
    t.match(await failure((async () => { while ((await chunks.next()).done !== true); })()), {
      code: 'ERR_SOURCE', message: /was changed while it was read/
    }, name)
    const others = readBytes(put(folder, name, member))
    await others.next()
    renameSync(put(folder, 'new', 'other'), path)
    let end
    do end = await others.next(); while (end.done !== true)
    t.equal(end.value, undefined)
  }
})

t.test('a signal stops the reading', async t => {
  const stop = new AbortController()
  const path = put(temporaryFolder(t), 'a', 'x'.repeat(2e6))
  const chunks = readBytes(path, { signal: stop.signal })
  await chunks.next()
  stop.abort()
  await t.rejects(async () => { while ((await chunks.next()).done !== true); }, { name: 'AbortError' })
})

t.test('zeros after a gzip member are padding, and anything else is an error, not the end', async t => {
  const folder = temporaryFolder(t)
  const member = gzipSync('one ')
  t.equal(await read(put(folder, 'padded.gz', Buffer.concat([member, Buffer.alloc(5000)]))), 'one ')
  const named = Buffer.concat([
    Buffer.from('1f8b081c0000000000ff0300616263', 'hex'), Buffer.from('name\0comment\0'), member.subarray(10)
  ])
  // In several chunks.
  const large = gzipSync(Buffer.from(Array.from({ length: 7e5 }, (_, i) => (i * i * 7919 >> 3) % 251)), { level: 0 })
  for (const members of [
    [member], [member, large], [large, named, member], Array<Buffer>(300).fill(member), [gzipSync('')]
  ]) {
    for (const rest of [
      Buffer.concat([Buffer.alloc(4096), gzipSync('lost')]), 'garbage', '{', '\x1f', '\x1f\x8b\x08\xff',
      '\x1f\x8b\x07\x00', 'x'.repeat(6e5)
    ]) {
      const [whole, follows] = [Buffer.concat(members), typeof rest === 'string' ? Buffer.from(rest, 'latin1') : rest]
      const error = await failure(read(put(folder, 'a.gz', Buffer.concat([whole, follows]))))
      const isBegun = rest === '\x1f' // of a truncated member
      t.match(error, isBegun
        ? { code: 'ERR_SOURCE', message: 'the gzip data is cut off after' }
        : {
            code: 'ERR_SOURCE',
            message: `a.gz: the gzip data ends at byte ${whole.length} of ${whole.length + follows.length}, ` +
            `and what follows (${follows.length} byte${follows.length === 1 ? '' : 's'}) is not gzip data; ` +
            'get the file again'
          })
    }
  }
  const flipped = Buffer.from(Buffer.concat([member, gzipSync('two '.repeat(99))]))
  flipped[flipped.length - 6]! ^= 4
  t.match(await failure(read(put(folder, 'a.gz', flipped))), {
    code: 'ERR_SOURCE', message: /damaged gzip data after \d+ decompressed bytes \(incorrect data check\)/
  })
})

t.test('a pipe is read by its name, and a saved offset is reached or is an error', async t => {
  const folder = temporaryFolder(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const reading = read(join(folder, 'pipe'))
  const writer = createWriteStream(join(folder, 'pipe'))
  writer.end('through a pipe')
  t.equal(await reading, 'through a pipe')
  t.match(await failure(read(put(folder, 'a.gz', gzipSync('short')), { offset: 99 })), {
    code: 'ERR_STATE', message: /byte 99, but there are only 5/
  })
})

t.test('every missing file is reported', async t => {
  t.match(await failure(findFiles(['/none/a', '/none/b'])), {
    code: 'ERR_FILES', message: '/none/a: no such file\n/none/b: no such file'
  })
})
