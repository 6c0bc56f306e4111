import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { openOutput, writeFileWhole, writing } from '../../lib/output.ts'
import { failure, filesIn, put, temporaryFolder } from '../helpers.ts'

for (const [kind, name, content] of [['plain', 'sub/a.txt', readFileSync], ['compressed', 'sub/a.txt.gz', (path: string) => gunzipSync(readFileSync(path))]] as const) {
  t.test(`${kind}: nothing under the name before commit, all of it then`, async t => {
    const folder = temporaryFolder(t)
    const path = join(folder, name)
    const output = await openOutput(path)
    for (let i = 0; i < 100; i++) await output.write(Buffer.from(`line ${i}\n`.repeat(1000)))
    t.notOk(existsSync(path))
    await output.commit()
    t.equal(content(path).toString(), Array.from({ length: 100 }, (_, i) => `line ${i}\n`.repeat(1000)).join(''))
    t.strictSame(filesIn(folder), [name])
  })

  t.test(`${kind}: abandoned, nothing is left, and what stood there stands`, async t => {
    const folder = temporaryFolder(t)
    put(folder, name, 'old')
    const output = await openOutput(join(folder, name))
    await output.write(Buffer.from('new'))
    await output.abandon()
    t.strictSame(filesIn(folder), [name])
    t.equal(readFileSync(join(folder, name), 'utf8'), 'old')
  })
}

t.test('a whole file is replaced at once, or not at all', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.json', 'old')
  await writeFileWhole(path, 'new')
  t.equal(readFileSync(path, 'utf8'), 'new')
  mkdirSync(join(folder, 'taken'))
  t.match(await failure(writeFileWhole(join(folder, 'taken'), 'x')), { code: 'ERR_OUTPUT', message: /taken: cannot be written/ })
  t.strictSame(filesIn(folder), ['a.json'])
})

t.test('a folder that can\'t be written to is named', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'file', '')
  t.match(await failure(openOutput(join(folder, 'file/a.txt'))), { code: 'ERR_OUTPUT', exitCode: 1, message: /file\/a\.txt: cannot be written/, cause: { code: 'EEXIST' } })
  if (process.getuid?.() !== 0) { // root may write anywhere
    mkdirSync(join(folder, 'closed'))
    chmodSync(join(folder, 'closed'), 0o500)
    t.match(await failure(openOutput(join(folder, 'closed/a.txt'))), { code: 'ERR_OUTPUT', cause: { code: 'EACCES' } })
  }
})

t.test('a full disk is named with the way out', async t => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  t.match(await failure(writing('a.npy', () => Promise.reject(full))), { code: 'ERR_OUTPUT', message: 'a.npy: cannot be written: ENOSPC: no space left on device; make room and run it again', cause: full })
  t.test('on a disk that is full', { skip: existsSync('/dev/full') ? false : 'no /dev/full here' }, async t => {
    const { symlinkSync } = await import('node:fs')
    const folder = temporaryFolder(t)
    for (const name of ['a.txt', 'b.txt.gz']) {
      symlinkSync('/dev/full', join(folder, `${name}.tmp`))
      const output = await openOutput(join(folder, name))
      const written = async (): Promise<void> => {
        for (let i = 0; i < 50; i++) await output.write(Buffer.from(Array.from({ length: 20_000 }, (_, j) => (i * j * 7919) % 251)))
        await output.commit()
      }
      t.match(await failure(written()), { code: 'ERR_OUTPUT', message: /make room/ }, name)
      await output.abandon()
    }
    t.strictSame(filesIn(folder), [])
  })
})
