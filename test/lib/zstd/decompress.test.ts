import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { sha256 } from '../../../lib/hash.ts'
import { loadZstdCompressor } from '../../../lib/zstd/compress.ts'
import { decompressZstd } from '../../../lib/zstd/decompress.ts'
import { failure, fixture, howMany } from '../../helpers.ts'
import { BLOCK_BYTES, block, frameOf, rawBlock, repeatedBlock, skippableFrame, zstdBomb } from '../../zstd.ts'

interface Answers {
  readonly files: Readonly<Record<string, {
    readonly bytes: number
    readonly sha256: string
    readonly refused: boolean
  }>>
}

/** Files of the zstd command and Python's zstandard; made by `test/fixtures/make_zstd.py`. */
const { files } = JSON.parse(readFileSync(fixture('zstd/answers.json'), 'utf8')) as Answers
const fixtureBytes = (name: string): Buffer => readFileSync(fixture(`zstd/${name}.zst`))

async function * cut (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function decompress (bytes: Uint8Array, chunkBytes = 4096): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of decompressZstd(cut(bytes, chunkBytes), 'a.zst')) pieces.push(piece)
  return Buffer.concat(pieces)
}

const flip = (bytes: Buffer, bit: number): Buffer => {
  const flipped = Buffer.from(bytes)
  flipped[bit >> 3]! ^= 1 << (bit & 7)
  return flipped
}

for (const [name, { bytes, sha256: expected, refused }] of Object.entries(files)) {
  if (refused) continue
  t.test(`${name}: the content is that given to zstd`, async t => {
    for (const size of [1, 7, 1 << 20]) {
      const content = await decompress(fixtureBytes(name), size)
      t.equal(content.length, bytes)
      t.equal(sha256(content), expected, `in chunks of ${size}`)
    }
  })
}

t.test('a dictionary or a window that is too large is refused by name, before memory is allocated', async t => {
  t.match(await failure(decompress(fixtureBytes('dictionary'))), {
    code: 'ERR_SOURCE', message: /^a\.zst: was compressed with a dictionary \(\d+\).*zstd -d -D/
  })
  t.match(await failure(decompress(fixtureBytes('larger-window'))), {
    code: 'ERR_SOURCE', message: /a window of 268435456 bytes; the limit is 134217728; .*--long=31/
  })
  t.match(await failure(decompress(frameOf([], { windowDescriptor: 255 }))), {
    code: 'ERR_SOURCE', message: /a window of 4123168604160 bytes/
  })
  t.match(
    await failure(decompress(frameOf([], { flags: 0x20, contentBytes: 2 ** 40, windowDescriptor: 0 }))),
    { code: 'ERR_SOURCE', message: /a window of/ }
  )
})

t.test('handmade frames and blocks are read', async t => {
  const two = [rawBlock('one '), repeatedBlock('x', 5), rawBlock('', true)]
  t.equal((await decompress(frameOf(two))).toString(), 'one xxxxx')
  t.equal((await decompress(frameOf(two, { contentBytes: 9 }))).toString(), 'one xxxxx')
  t.equal((await decompress(frameOf(two, { checksum: 0xd5a1c5a6 })).catch(String)).toString(), 'SluiceError: ' +
    'a.zst: damaged zstd data after 9 decompressed bytes (a frame whose checksum doesn\'t match); ' +
    'get the file again')
  t.equal((await decompress(frameOf(two, { dictionary: 0 }))).toString(), 'one xxxxx', 'dictionary 0 means none')
  t.equal((await decompress(frameOf(two, { flags: 0x10 }))).toString(), 'one xxxxx', 'the unused bit is ignored')
  t.equal((await decompress(Buffer.concat([
    skippableFrame('a'), frameOf(two), skippableFrame('b', 9), frameOf(two), Buffer.alloc(9)
  ]), 3)).toString(), 'one xxxxxone xxxxx')
})

const wrong: Readonly<Record<string, [data: Buffer, says: RegExp]>> = {
  'an empty file': [Buffer.alloc(0), /cut off after 0 decompressed bytes/],
  text: [Buffer.from('{"text":"a"}\n'), /is not zstd data, as its extension says/],
  'a few bytes': [Buffer.from('{}'), /is not zstd data/],
  zeros: [Buffer.alloc(50), /is not zstd data/],
  'text after a frame': [
    Buffer.concat([frameOf([rawBlock('a', true)]), Buffer.from('text')]),
    /the zstd data ends at byte 10 of 14, and what follows \(4 bytes\) is not zstd data/
  ],
  'a byte after a frame': [
    Buffer.concat([frameOf([rawBlock('a', true)]), Buffer.from('b')]),
    /ends at byte 10 of 11, and what follows \(1 byte\) is not/
  ],
  'a frame after padding': [
    Buffer.concat([frameOf([rawBlock('a', true)]), Buffer.alloc(5000), frameOf([rawBlock('b', true)])]),
    /ends at byte 10 of 5020, and what follows \(5010 bytes\)/
  ],
  'a reserved bit': [frameOf([rawBlock('a', true)], { flags: 8 }), /a reserved bit of the frame header/],
  'a reserved kind of block': [frameOf([block(3, 1, Buffer.of(0), true)]), /a block of a reserved kind/],
  'a block that is too large': [
    frameOf([repeatedBlock('a', BLOCK_BYTES + 1, true)]), /a block of 131073 bytes, at most 131072 are allowed/
  ],
  'a block larger than the window': [
    frameOf([repeatedBlock('a', 2000, true)], { windowDescriptor: 0 }),
    /blocks have at most 1024/
  ],
  'more content than in the header': [
    frameOf([repeatedBlock('a', 9, true)], { contentBytes: 8 }), /more than the 8 bytes in its header/
  ],
  'less content than in the header': [
    frameOf([repeatedBlock('a', 9, true)], { contentBytes: 10 }),
    /of 9 bytes, its header has 10/
  ],
  'an empty compressed block': [frameOf([block(2, 0, Buffer.alloc(0), true)]), /damaged zstd data/],
  'literals without a table': [
    frameOf([block(2, 4, Buffer.of(0x13, 0x40, 0, 0), true)]), /reuse a Huffman tree|literals whose size/
  ],
  'sequences without a table': [
    frameOf([block(2, 4, Buffer.of(0x08, 0x61, 1, 0xfc), true)]),
    /reuse a table, and there is none before them/
  ],
  // one literal, then a sequence that copies 3 bytes from before the frame; its RLE tables need no bits
  'a reference before the start of the frame': [
    frameOf([block(2, 8, Buffer.of(0x08, 0x61, 1, 0x54, 0, 2, 0, 0x04), true)]),
    /a reference \d+ bytes back, before the window's start/
  ]
}

for (const [name, [data, says]] of Object.entries(wrong)) {
  t.test(`${name} is an error with what to do`, async t => {
    for (const size of [1, 4096]) t.match(await failure(decompress(data, size)), { code: 'ERR_SOURCE', message: says })
  })
}

t.test('a file that is truncated anywhere is an error, not a short file', async t => {
  for (const name of ['level-1', 'no-checksum', 'skippable']) {
    const whole = fixtureBytes(name)
    const ends = name === 'skippable' ? [14, whole.length - 86, whole.length - 78] : [] // after a frame
    for (let length = 0; length < whole.length; length += howMany(31, 1) * (1 + length % 23)) {
      if (ends.includes(length)) continue
      const error = await failure(decompress(whole.subarray(0, length)))
      if (!/cut off after \d+ decompressed bytes, expected more|not zstd data|what follows .* is not zstd data/.test(
        String(error)
      )) {
        t.fail(`${name}, ${length} bytes: ${String(error)}`)
      }
    }
    t.match(await failure(decompress(whole.subarray(0, 5))), { code: 'ERR_SOURCE', message: /cut off/ })
  }
})

t.test('no silent loss: a flipped bit of a frame with a checksum is an error, or changes nothing', async t => {
  const compress = await loadZstdCompressor()
  const content = Buffer.from(Array.from({ length: 60 }, (_, i) => `${i * 7919 % 61} gates of the river, `).join(''))
  const frame = compress(content)
  const passed: number[] = []
  const step = howMany(9, 1)
  for (let bit = 0; bit < frame.length * 8; bit += step) {
    const got = await decompress(flip(frame, bit)).catch((error: unknown) => error)
    if (got instanceof Buffer) passed.push(bit)
    else if ((got as { code?: string }).code !== 'ERR_SOURCE') t.equal(got, undefined, `bit ${bit}`)
    if (got instanceof Buffer && !got.equals(content)) t.fail(`bit ${bit} changes the content`)
  }
  // For example, the unused bit of the descriptor, and codes for unused symbols. The zstd command accepts them too.
  t.equal(passed[0], 4 * 8 + 4)
  t.equal(passed.length, howMany(4, 12), `of ${Math.ceil(frame.length * 8 / step)} bits`)
})

t.test('damage without a checksum ends in an error or in the promised number of bytes', async t => {
  const whole = fixtureBytes('with-size')
  let refused = 0
  for (let bit = 0; bit < whole.length * 8; bit += howMany(333, 37)) {
    const got = await decompress(flip(Buffer.from(whole), bit)).catch((error: unknown) => error)
    if (got instanceof Buffer) t.ok(got.length === 5784, `bit ${bit}`)
    else if ((got as { code?: string }).code === 'ERR_SOURCE') refused++
    else t.equal(got, undefined, `bit ${bit}`)
  }
  t.ok(refused > howMany(4, 50), `${refused} were refused`)
})

t.test('property: any bytes, in any frames and chunks, are read back', async t => {
  const compress = await loadZstdCompressor()
  const word = fc.constantFrom('water ', 'river ', 'wheel ', 'the ', '\n', 'é🌊')
  const content = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.array(word, { maxLength: 400 })
    .map(words => Buffer.from(words.join(''))), fc.nat(300_000).map(length => Buffer.alloc(length, 'ab')))
  const frame = content.chain(bytes => fc.constantFrom(
    { bytes, data: compress(bytes) },
    { bytes: Buffer.alloc(0), data: skippableFrame(Buffer.from(bytes).toString('hex')) },
    {
      bytes: Buffer.concat([bytes.subarray(0, 300), Buffer.alloc(700, 'x')]),
      data: frameOf([rawBlock(bytes.subarray(0, 300)), repeatedBlock('x', 700, true)])
    }
  ))
  const runs = howMany(12, 150)
  let checked = 0
  const lists = fc.array(frame, { minLength: 1, maxLength: 4 })
  await fc.assert(fc.asyncProperty(lists, fc.integer({ min: 1, max: 5000 }), async (frames, size) => {
    const got = await decompress(Buffer.concat(frames.map(({ data }) => data)), size)
    if (!got.equals(Buffer.concat(frames.map(({ bytes }) => bytes)))) throw new Error('other content came back')
    checked++
  }), { numRuns: runs })
  t.equal(checked, runs)
})

const BOMB = howMany(1e8, 1e9)

t.test('a decompression bomb comes in chunks, and the event loop can run in between', async t => {
  let given = 0
  let longest = 0
  let turns = 0
  const timer = setInterval(() => { turns++ }, 1)
  for await (const piece of decompressZstd(cut(zstdBomb(BOMB), 1 << 20), 'bomb.zst')) {
    given += piece.length
    longest = Math.max(longest, piece.length)
  }
  clearInterval(timer)
  t.equal(given, BOMB)
  t.equal(longest, BLOCK_BYTES)
  t.ok(turns > 2, `${turns} turns`)
})

t.test('a reader that stops early or fails closes the file', async t => {
  for (const data of [zstdBomb(1e6), Buffer.from('text')]) {
    let closed = false
    async function * chunks (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield data
      } finally {
        closed = true
      }
    }
    await (async () => { for await (const piece of decompressZstd(chunks(), 'a.zst')) if (piece.length > 0) break })()
      .catch(() => {})
    t.ok(closed)
  }
})
