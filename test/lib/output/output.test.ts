import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import zstd from '@bokuweb/zstd-wasm'
import { readBytes } from '../../../lib/input/read.ts'
import { checkWritable, openOutput, writeFileWhole } from '../../../lib/output/open.ts'
import { writing } from '../../../lib/output/output.ts'
import { refuseInputAsOutput } from '../../../recipes/jobs/places.ts'
import { failure, filesIn, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

for (const [kind, name, content] of [
  ['plain', 'sub/a.txt', readFileSync],
  ['compressed', 'sub/a.txt.gz', (path: string) => gunzipSync(readFileSync(path))],
  ['zstd', 'sub/a.txt.zst', (path: string) => zstd.decompress(readFileSync(path))]
] as const) {
  t.test(`${kind}: the file appears under its name at commit, complete`, async t => {
    const folder = temporaryFolder(t)
    const path = join(folder, name)
    const output = await openOutput(path)
    for (let i = 0; i < 100; i++) await output.write(Buffer.from(`line ${i}\n`.repeat(1000)))
    t.notOk(existsSync(path))
    await output.commit()
    t.equal(Buffer.from(content(path)).toString(), Array.from({ length: 100 }, (_, i) => `line ${i}\n`.repeat(1000))
      .join(''))
    t.strictSame(filesIn(folder), [name])
  })

  t.test(`${kind}: abandon leaves no new file, and keeps the previous one`, async t => {
    const folder = temporaryFolder(t)
    put(folder, name, 'old')
    const output = await openOutput(join(folder, name))
    await output.write(Buffer.from('new'))
    await output.abandon()
    t.strictSame(filesIn(folder), [name])
    t.equal(readFileSync(join(folder, name), 'utf8'), 'old')
  })
}

t.test('.zst: each frame has 1 MiB of content, whatever the writes are; no writes give an empty frame', async t => {
  const folder = temporaryFolder(t)
  for (const [writes, bytes, frames] of [
    [0, 0, 1], [1, 0, 1], [1, 5, 1], [1, 2 ** 20, 1], [2, 2 ** 20 + 1, 3], [100, 31_000, 3]
  ] as const) {
    const path = join(folder, 'a.zst')
    const output = await openOutput(path)
    const buffer = Buffer.alloc(bytes)
    for (let i = 0; i < writes; i++) {
      await output.write(buffer.fill(65 + i % 26))
    }
    await output.commit()
    const data = readFileSync(path)
    t.equal(data.toString('latin1').split('\x28\xb5\x2f\xfd').length - 1, frames, `${writes} writes of ${bytes}`)
    const expected = Buffer.concat(Array.from({ length: writes }, (_, i) => Buffer.alloc(bytes, 65 + i % 26)))
    const pieces: Buffer[] = []
    for await (const piece of readBytes(path)) pieces.push(piece)
    t.ok(Buffer.concat(pieces).equals(expected))
  }
})

t.test('writeFileWhole replaces a file atomically', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.json', 'old')
  await writeFileWhole(path, 'new')
  t.equal(readFileSync(path, 'utf8'), 'new')
  mkdirSync(join(folder, 'taken'))
  t.match(await failure(writeFileWhole(join(folder, 'taken'), 'x')), {
    code: 'ERR_OUTPUT', message: /taken: is a folder, expected the name of a file/
  })
  t.strictSame(filesIn(folder), ['a.json'])
})

t.test('a folder that can\'t be written to is reported', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'file', '')
  t.match(await failure(openOutput(join(folder, 'file/a.txt'))), {
    code: 'ERR_OUTPUT', exitCode: 1, message: /file\/a\.txt: cannot be written/, cause: { code: 'EEXIST' }
  })
  if (process.getuid?.() !== 0) { // root can write anywhere
    mkdirSync(join(folder, 'closed'))
    chmodSync(join(folder, 'closed'), 0o500)
    t.match(await failure(openOutput(join(folder, 'closed/a.txt'))), { code: 'ERR_OUTPUT', cause: { code: 'EACCES' } })
  }
})

t.test('a full disk is reported with what to do', async t => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  t.match(await failure(writing('a.npy', () => Promise.reject(full))), {
    code: 'ERR_OUTPUT',
    message: 'a.npy: cannot be written: no space left on the device; free disk space and run it again',
    cause: full
  })
  t.test('on a device that is full', { skip: existsSync('/dev/full') ? false : 'no /dev/full here' }, async t => {
    const folder = temporaryFolder(t)
    for (const name of ['a.txt', 'b.txt.gz', 'c.txt.zst']) {
      symlinkSync('/dev/full', join(folder, name))
      const output = await openOutput(join(folder, name))
      const written = async (): Promise<void> => {
        for (let i = 0; i < 50; i++) {
          await output.write(Buffer.from(Array.from({ length: 20_000 }, (_, j) => (i * j * 7919) % 251)))
        }
        await output.commit()
      }
      t.match(await failure(written()), { code: 'ERR_OUTPUT', message: /free disk space/ }, name)
      await output.abandon()
    }
    t.strictSame(filesIn(folder), [])
  })
})

t.test('a device or a pipe is written to and not replaced, and a link is followed to its file', async t => {
  const folder = temporaryFolder(t)
  const target = put(folder, 'target/real.txt', 'old')
  symlinkSync(target, join(folder, 'link.txt'))
  await writeFileWhole(join(folder, 'link.txt'), 'new')
  t.equal(readFileSync(target, 'utf8'), 'new')
  t.ok(lstatSync(join(folder, 'link.txt')).isSymbolicLink())
  symlinkSync('/dev/null', join(folder, 'null'))
  await writeFileWhole(join(folder, 'null'), 'nothing')
  t.ok(statSync('/dev/null').isCharacterDevice())
  t.strictSame(filesIn(folder), ['target/real.txt'], 'links are not counted as files')
})

t.test('an input is refused as an output', async t => {
  const folder = temporaryFolder(t)
  const [a, b] = [put(folder, 'a.txt', 'a'), put(folder, 'b.txt', 'b')]
  symlinkSync(b, join(folder, 'c.txt'))
  t.match(await failure(refuseInputAsOutput(join(folder, 'c.txt'), [a, b])), {
    code: 'ERR_OUTPUT_EXISTS', message: /c\.txt: is an input as well/
  })
  await t.resolves(refuseInputAsOutput(b, a))
  await t.resolves(refuseInputAsOutput(join(folder, 'new.txt'), a))
  await t.resolves(refuseInputAsOutput(a, '-'))
})

t.test('temporary files of a killed run are deleted, those of a running one are not', async t => {
  const folder = temporaryFolder(t)
  for (const pid of [1234567, process.ppid]) put(folder, `a.txt.${pid}.tmp`, 'half')
  put(folder, 'b.txt.1234567.tmp', 'another file')
  await writeFileWhole(join(folder, 'a.txt'), 'whole')
  t.strictSame(filesIn(folder), ['a.txt', `a.txt.${process.ppid}.tmp`, 'b.txt.1234567.tmp'].sort())
})

t.test('checkWritable checks a path without writing the file', async t => {
  const folder = temporaryFolder(t)
  await checkWritable(join(folder, 'new/a.json'))
  put(folder, 'file', '')
  t.match(await failure(checkWritable(join(folder, 'file/a.json'))), { code: 'ERR_OUTPUT' })
  t.match(await failure(checkWritable(`${folder}/new/`)), { code: 'ERR_OUTPUT', message: /is a folder/ })
  t.strictSame(filesIn(folder), ['file'])
})
