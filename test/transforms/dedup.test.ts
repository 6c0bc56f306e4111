import fc from 'fast-check'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { RollingWindow, dedup } from '../../transforms/dedup.ts'
import { doc, through } from '../helpers.ts'

async function kept (texts: string, window: number): Promise<string> {
  const documents = [...texts].map((text, i) => doc(String(i), text))
  return (await through<Document>(documents, dedup({ window }))).map(({ text }) => text).join('')
}

t.test('a text is dropped while its first copy is in the window, and kept after it has left', async t => {
  t.equal(await kept('aa', 1), 'a')
  t.equal(await kept('aba', 1), 'aba')
  t.equal(await kept('aba', 2), 'ab')
  t.equal(await kept('abca', 2), 'abca')
  t.equal(await kept('abcabc', 3), 'abc')
})

t.test('a duplicate does not refresh the position of its original', async t => {
  t.equal(await kept('abaca', 2), 'abca')
})

t.test('dropped documents use no space in the window', async t => {
  t.equal(await kept('abbbba', 2), 'ab')
})

t.test('only the text is compared, and reasons are counted', async t => {
  const stage = dedup()
  t.strictSame(
    await through([doc('1', 'x'), doc('2', 'x', { other: true }), doc('3', 'X')], stage),
    [doc('1', 'x'), doc('3', 'X')]
  )
  t.strictSame(stage.stats, { in: 3, out: 2, dropped: { duplicate: 1 } })
})

t.test('property: the stage follows its documented rules', async t => {
  let checked = 0
  await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom(...'abcdefg'), { maxLength: 40 }), fc.integer(
    { min: 1, max: 8 }
  ), async (texts, window) => {
    const expected: string[] = []
    for (const text of texts) if (!expected.slice(-window).includes(text)) expected.push(text)
    t.equal(await kept(texts.join(''), window), expected.join(''))
    checked++
  }), { numRuns: 60 })
  t.equal(checked, 60)
})

t.test('state: split at any document and restored from JSON, the result is the same', async t => {
  const texts = [...'abcabdaebcfaagbcd']
  for (const window of [1, 3, 5, 50]) {
    const whole = await kept(texts.join(''), window)
    for (let at = 0; at <= texts.length; at++) {
      const first = dedup({ window })
      const before = await through<Document>(texts.slice(0, at).map(text => doc('', text)), first)
      const second = dedup({ window })
      second.restore(JSON.parse(JSON.stringify(first.save())) as never)
      const after = await through<Document>(texts.slice(at).map(text => doc('', text)), second)
      t.equal([...before, ...after].map(({ text }) => text).join(''), whole)
      t.strictSame(second.save()!.window, window)
    }
  }
})

t.test('an invalid state, or one of another window, is refused', async t => {
  const window = new RollingWindow(2)
  t.throws(() => { window.restore({ window: 3, hashes: '' }) }, {
    code: 'ERR_STATE', message: /window of 2 hashes, got 0 hashes of a window of 3/
  })
  t.throws(() => { window.restore({ window: 2, hashes: Buffer.alloc(24).toString('base64') }) }, { code: 'ERR_STATE' })
  t.throws(() => { window.restore({ window: 2, hashes: 'AAAA' }) }, { code: 'ERR_STATE' })
})

t.test('a window of size 0 is refused', async t => {
  t.throws(() => dedup({ window: 0 }), { code: 'ERR_OPTION', message: /dedup\.window: expected at least 1/ })
})

t.test('values that are no state are refused', async t => {
  for (const state of [
    undefined, null, {}, { window: 2 }, { window: 2, hashes: 7 }, { window: 2, hashes: 'no base64!' }
  ]) {
    t.throws(() => { new RollingWindow(2).restore(state) }, { code: 'ERR_STATE' })
  }
  t.throws(() => dedup({ window: 2 ** 24 }), { code: 'ERR_OPTION', message: /at most 16000000/ },
    'the limit of a JavaScript set')
})
