import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { readCheckpoint, writeCheckpoint } from '../../../lib/output/checkpoint.ts'
import { failure, filesIn, folderInMemory, mocked, put } from '../../helpers.ts'

const CONTENT = {
  name: 'wéb 語\ud800',
  at: 12_345,
  big: 2 ** 60,
  small: -0.5,
  state: { hashes: 'AAAA', list: [1, null, true], empty: {} }
}
const read = (path: string): Promise<unknown> => readCheckpoint(path).catch((error: unknown) => error)

t.test('a checkpoint is read as it was written, and its folder is created; a missing one is null', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'new/checkpoint.json')
  t.equal(await readCheckpoint(path), null)
  for (const content of [CONTENT, null, [], 'text', 0, { ...CONTENT, more: 'x'.repeat(100_000) }]) {
    await writeCheckpoint(path, content)
    t.strictSame(await readCheckpoint(path), JSON.parse(JSON.stringify(content)))
    t.strictSame(filesIn(folder), ['new/checkpoint.json'])
  }
})

t.test('a checkpoint that is truncated at any byte is refused', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'checkpoint.json')
  await writeCheckpoint(path, CONTENT)
  const bytes = readFileSync(path)
  for (let length = 0; length < bytes.length - 1; length++) { // the last byte is the line end
    writeFileSync(path, bytes.subarray(0, length))
    const error = await read(path)
    if ((error as { code?: string }).code !== 'ERR_CHECKPOINT') t.fail(`truncated at ${length}`)
  }
  t.match(await read(put(folder, 'cut', bytes.subarray(0, 100))), {
    code: 'ERR_CHECKPOINT',
    exitCode: 2,
    message: /cut: is cut off or damaged: 100 characters that are not JSON, expected a checkpoint; get it from a copy/
  })
})

t.test('a checkpoint with any byte changed is refused or has the same content', async t => {
  const path = join(folderInMemory(t), 'checkpoint.json')
  await writeCheckpoint(path, CONTENT)
  const content = await readCheckpoint(path)
  const bytes = readFileSync(path)
  let refused = 0
  for (const [at, byte] of bytes.entries()) {
    for (const flipped of [byte ^ 1, byte ^ 0x20, byte ^ 0xff]) {
      const changed = Buffer.from(bytes)
      changed[at] = flipped
      writeFileSync(path, changed)
      const got = await read(path)
      if ((got as { code?: string }).code === 'ERR_CHECKPOINT') refused++
      else t.strictSame(got, content, `byte ${at}: ${byte}, then ${flipped}`)
    }
  }
  t.ok(refused > 2.9 * bytes.length, `${refused} refused`)
})

t.test('a file that is no checkpoint, or has another format, is reported as that', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'checkpoint.json')
  await writeCheckpoint(path, CONTENT)
  const whole = readFileSync(path, 'utf8')
  for (const [text, message] of [
    ['null', /is not a checkpoint of sluice/],
    ['5', /is not a checkpoint of sluice/],
    ['{"stats":[]}', /is not a checkpoint of sluice/],
    [
      whole.replace('"sluice_checkpoint":1', '"sluice_checkpoint":2'),
      /is a checkpoint of format 2, expected 1: another version of sluice has written it/
    ],
    [whole.replace('12345', '12346'), /is damaged: its content doesn't have the SHA-256 in it/],
    ['{"sluice_checkpoint":1}', /is damaged/],
    [`${whole}${whole}`, /is cut off or damaged/]
  ] as const) {
    t.match(
      await read(put(folder, 'checkpoint.json', text)), { code: 'ERR_CHECKPOINT', message }, text.slice(0, 40)
    )
  }
  mkdirSync(join(folder, 'folder.json'))
  t.match(await read(join(folder, 'folder.json')), {
    code: 'ERR_CHECKPOINT', message: /folder\.json: cannot be read: is a folder/, cause: { code: 'EISDIR' }
  })
})

t.test('the previous checkpoint is kept until the new one is on disk, whatever fails', async t => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const failing = (method: 'writeFile' | 'sync' | 'close'): object => ({
    async open (...args: Parameters<typeof fs.open>) {
      const file = await fs.open(...args)
      const close = file.close.bind(file)
      return Object.assign(file, { [method]: async () => { if (method === 'close') await close(); throw full } })
    }
  })
  const fails: Record<string, object> = {
    open: { open: () => Promise.reject(full) },
    write: failing('writeFile'),
    sync: failing('sync'),
    close: failing('close'),
    rename: { rename: () => Promise.reject(full) },
    'rename, and then rm': {
      rename: () => Promise.reject(full), async rm (path: string) { await fs.rm(path); throw new Error('rm') }
    }
  }
  for (const [kind, calls] of Object.entries(fails)) {
    const folder = folderInMemory(t)
    const path = join(folder, 'checkpoint.json')
    await writeCheckpoint(path, CONTENT)
    const before = await readCheckpoint(path)
    const { writeCheckpoint: write } = await mocked<typeof import('../../../lib/output/checkpoint.ts')>(
      t, 'lib/output/checkpoint', { 'node:fs/promises': { ...fs, ...calls } }
    )
    t.match(await failure(write(path, { at: 99 })), {
      code: 'ERR_OUTPUT', message: /checkpoint\.json: cannot be written: no space left on the device/, cause: full
    }, kind)
    t.strictSame(await readCheckpoint(path), before, kind)
    t.strictSame(filesIn(folder), ['checkpoint.json'], kind)
  }
})

t.test('a folder that can\'t be written to is reported; files left by a killed run are replaced', async t => {
  const folder = folderInMemory(t)
  put(folder, 'file', '')
  t.match(await failure(writeCheckpoint(join(folder, 'file/checkpoint.json'), 1)), {
    code: 'ERR_OUTPUT', message: /checkpoint\.json: cannot be written: a part of the path is a file/
  })
  put(folder, 'checkpoint.json.tmp', '{"half')
  await writeCheckpoint(join(folder, 'checkpoint.json'), 1)
  t.strictSame(filesIn(folder), ['checkpoint.json', 'file'])
  if (process.getuid?.() !== 0) { // root can write anywhere
    mkdirSync(join(folder, 'closed'))
    chmodSync(join(folder, 'closed'), 0o500)
    t.match(await failure(writeCheckpoint(join(folder, 'closed/checkpoint.json'), 1)), {
      code: 'ERR_OUTPUT', cause: { code: 'EACCES' }
    })
  }
})
