import { execFileSync } from 'node:child_process'
import {
  copyFileSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { readBytes } from '../../../lib/input/read.ts'
import { type OutputState, isResumable, openResumable, partialName } from '../../../lib/output/resumable.ts'
import { failure, filesIn, folderInMemory, put } from '../../helpers.ts'

const NAMES = ['a.txt', 'a.txt.gz', 'a.txt.zst'] as const

async function textOf (path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readBytes(path)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Writes texts into a file, marks it, and leaves it half-written, with more bytes after the mark. */
async function begun (path: string, texts: readonly string[], rest = 'rest'): Promise<OutputState> {
  const output = await openResumable(path, null)
  for (const text of texts) await output.write(Buffer.from(text))
  const state = await output.mark()
  await output.write(Buffer.from(rest))
  await output.abandon()
  return JSON.parse(JSON.stringify(state)) as OutputState
}

/** Resumes after a mark, to the end. */
async function ended (path: string, state: OutputState, text = ''): Promise<string> {
  const output = await openResumable(path, state)
  await output.write(Buffer.from(text))
  await output.commit()
  return await textOf(path)
}

for (const name of NAMES) {
  t.test(`${name}: the file appears under its name at commit; abandon keeps a marked file`, async t => {
    const folder = folderInMemory(t)
    const path = join(folder, 'new', name)
    const unmarked = await openResumable(path, null)
    await unmarked.write(Buffer.from('one'))
    t.strictSame(filesIn(folder), [`new/${name}.partial`])
    await unmarked.abandon()
    t.strictSame(filesIn(folder), [])
    const state = await begun(path, ['one', ' two'])
    t.strictSame(filesIn(folder), [`new/${name}.partial`])
    t.ok(readFileSync(partialName(path)).length >= state.bytes)
    const left = await openResumable(path, state)
    await left.abandon()
    t.strictSame(filesIn(folder), [`new/${name}.partial`], 'the resumed file was marked')
    t.equal(await ended(path, state, ' three'), 'one two three')
    t.strictSame(filesIn(folder), [`new/${name}`])
  })

  t.test(`${name}: property: the text is the same however often it is marked and resumed`, async t => {
    const path = join(folderInMemory(t), name)
    const steps = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constantFrom('mark', 'kill')
      .map(act => ({ act }))), { maxLength: 12 })
    let checked = 0
    await fc.assert(fc.asyncProperty(steps, async steps => {
      let [state, kept, written]: [OutputState | null, string, string] = [null, '', '']
      let output = await openResumable(path, null)
      for (const step of steps) {
        if (typeof step === 'string') {
          await output.write(Buffer.from(step))
          written += step
        } else if (step.act === 'mark') {
          state = await output.mark()
          kept = written
        } else {
          await output.abandon()
          written = kept
          output = await openResumable(path, state)
        }
      }
      await output.commit()
      t.equal(await textOf(path), written.toWellFormed())
      checked++
    }), { numRuns: 15 })
    t.equal(checked, 15)
  })

  t.test(`${name}: an empty file, marked or not, is valid`, async t => {
    const folder = folderInMemory(t)
    const path = join(folder, name)
    await (await openResumable(path, null)).commit()
    t.equal(await textOf(path), '')
    rmSync(path)
    const state = await begun(path, [], '')
    t.equal(state.bytes, 0)
    t.equal(await ended(path, state), '')
    rmSync(path)
    await begun(path, ['x'])
    t.equal(await ended(path, { ...state, bytes: 0 }, 'y'), 'y', 'bytes after the mark are dropped')
  })

  t.test(`${name}: if the file has its final name, a copy is resumed, and that file is kept until commit`, async t => {
    const folder = folderInMemory(t)
    const path = join(folder, name)
    const state = await begun(path, ['one', ' two'])
    t.equal(await ended(path, state, ' three'), 'one two three')
    const whole = readFileSync(path)
    const again = await openResumable(path, state)
    await again.write(Buffer.from(' four'))
    t.ok(readFileSync(path).equals(whole))
    t.strictSame(filesIn(folder), [name, `${name}.partial`])
    await again.commit()
    t.equal(await textOf(path), 'one two four')
    const { bytes } = state
    await begun(path, ['o'])
    truncateSync(partialName(path), bytes - 1)
    t.equal(await ended(path, state, ' five'), 'one two five', 'a partial file that is too short is ignored')
  })

  t.test(`${name}: a missing, shorter or changed file is refused and not modified`, async t => {
    const folder = folderInMemory(t)
    const path = join(folder, name)
    const state = await begun(path, ['one', ' two'])
    const bytes = readFileSync(partialName(path))
    const refused = async (message: RegExp): Promise<void> => {
      const before = filesIn(folder).map(file =>
        [file, readFileSync(join(folder, file)).subarray(0, state.bytes).toString('hex')])
      t.match(await failure(openResumable(path, state)), { code: 'ERR_CHECKPOINT', exitCode: 2, message })
      t.strictSame(filesIn(folder).map(file =>
        [file, readFileSync(join(folder, file)).subarray(0, state.bytes).toString('hex')]), before)
    }
    const changed = Buffer.from(bytes)
    changed[state.bytes - 1]! ^= 1
    writeFileSync(partialName(path), changed)
    await refused(
      /\.partial: was changed since the checkpoint, so the run can't be resumed; put it back, or start/
    )
    writeFileSync(partialName(path), bytes.subarray(0, state.bytes - 1))
    await refused(new RegExp(`\\.partial: has fewer than ${state.bytes} bytes, or doesn't exist, so`))
    rmSync(partialName(path))
    await refused(/has fewer than/)
    writeFileSync(path, bytes.subarray(0, state.bytes - 1))
    await refused(/has fewer than/)
    writeFileSync(partialName(path), bytes)
    t.equal(await ended(path, state), 'one two')
  })
}

t.test('a tail that is longer than the compared part is found', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'a.txt')
  const text = 'x'.repeat(200_000)
  const state = await begun(path, [text, 'y'])
  t.equal(await ended(path, state, 'z'), `${text}yz`)
})

t.test('a longer final file with other content is refused', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'a.txt')
  const state = await begun(path, ['one two'])
  rmSync(partialName(path))
  put(folder, 'a.txt', 'another file, and longer')
  t.match(await failure(openResumable(path, state)), {
    code: 'ERR_CHECKPOINT', message: /a\.txt: was changed since the checkpoint/
  })
  t.equal(readFileSync(path, 'utf8'), 'another file, and longer')
  t.strictSame(filesIn(folder), ['a.txt'])
  put(folder, 'a.txt', 'one two three')
  t.equal(await ended(path, state, ' four'), 'one two four', 'the restored file is resumed')
})

t.test('a link is followed to its file', async t => {
  const folder = folderInMemory(t)
  const target = put(folder, 'target/real.txt', 'old')
  const link = join(folder, 'link.txt')
  symlinkSync(target, link)
  const state = await begun(link, ['one'])
  t.strictSame(filesIn(folder), ['target/real.txt', 'target/real.txt.partial'])
  t.equal(await ended(link, state, ' two'), 'one two')
  t.ok(lstatSync(link).isSymbolicLink())
})

t.test('only regular files can be resumed', async t => {
  const folder = folderInMemory(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  symlinkSync('/dev/null', join(folder, 'null'))
  const answers = [
    ['-', false], [join(folder, 'pipe'), false], [join(folder, 'null'), false], [folder, false],
    [join(folder, 'new'), true], [put(folder, 'file', ''), true]
  ] as const
  for (const [path, answer] of answers) t.equal(await isResumable(path), answer, path)
  for (const name of ['pipe', 'null']) {
    t.match(await failure(openResumable(join(folder, name), null)), {
      code: 'ERR_OUTPUT', message: /is a device or a pipe, expected a file/
    })
  }
  t.match(await failure(openResumable(folder, null)), { code: 'ERR_OUTPUT', message: /is a folder/ })
  t.notOk(existsSync(join(folder, 'null.partial')))
})

t.test('a state fits any file with the same bytes: a renamed file is resumed under its new name', async t => {
  const folder = folderInMemory(t)
  const state = await begun(join(folder, 'a.txt'), ['one'])
  renameSync(join(folder, 'a.txt.partial'), join(folder, 'b.txt.partial'))
  copyFileSync(join(folder, 'b.txt.partial'), join(folder, 'c.txt'))
  t.equal(await ended(join(folder, 'b.txt'), state, ' b'), 'one b')
  t.equal(await ended(join(folder, 'c.txt'), state, ' c'), 'one c')
})
