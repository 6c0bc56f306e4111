/**
 * The kernel compared with the plain code: on every model, with word tables that keep everything, little, or nothing.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { layoutOf } from '../../../lib/fasttext/kernel-layout.ts'
import { KernelSum } from '../../../lib/fasttext/kernel.ts'
import { readFastText } from '../../../lib/fasttext/model.ts'
import { PlainSum } from '../../../lib/fasttext/plain-sum.ts'
import { ROOT, howMany } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { MODELS, TEXTS, modelPath } from './fixtures.ts'

const SPACES = [' ', '  ', '\n', '\t', '\0', '\v\f\r', ' \u00a0']
const SEPARATED = /[ \n\t\0\v\f\r]+/

/** Words of texts, and difficult ones. */
const WORDS = [
  ...TEXTS.slice(-60).flatMap(text => text.split(SEPARATED)), '__label__en', '__label__', '<', '>', '\ud800', '\u0301',
  'é', '😀'.repeat(30), ...[1, 8, 15, 16, 17, 32, 47, 48, 49, 255, 256, 3000].map(length => 'q'.repeat(length))
]

const text = fc.array(
  fc.tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...WORDS) }, fc.string({ unit: 'grapheme' })),
    fc.constantFrom(...SPACES)
  ),
  { maxLength: 60 }
)
  .map(parts => parts.map(([word, space]) => word + space).join(''))

t.test('the kernel is in the build, and small', async t => {
  const bytes = readFileSync(new URL('../../../lib/kernels/fasttext.wasm', import.meta.url))
  t.ok(bytes.length < 10_000, `it has ${bytes.length} bytes`)
})

const source = (path: string): string => readFileSync(join(ROOT, 'lib', path), 'utf8')

t.test('the kernel\'s settings are passed by name, in its order', async t => {
  const fields = source('kernels/fasttext/settings.ts').matchAll(/^ {2}(\w+): (?:u32|usize)$/gm)
  const names = [...fields].map(([, name]) => name)
  t.strictSame(Object.keys(layoutOf(await readFastText(modelPath('hs.bin')), 0, 0).fields), names)
})

t.test('constants of the kernel equal those of the code', async t => {
  const constant = (path: string, name: string): string | undefined =>
    new RegExp(`^(?:export )?const ${name}(?:: \\w+)? = ([\\de.-]+)n?$`, 'm').exec(source(path))?.[1]
  for (const [name, kernel, reader] of [
    ['BLOCK', 'characters', 'kernel-layout'],
    ['BLOCK_SLACK', 'characters', 'kernel-layout'],
    ['HASH_BASIS', 'characters', 'dictionary'],
    ['HASH_PRIME', 'characters', 'dictionary'],
    ['NGRAM_FACTOR', 'features', 'plain-sum'],
    ['CENTROIDS', 'rows', 'matrix'],
    ['LEAST', 'tree', 'label-scores']
  ] as const) {
    const value = constant(`kernels/fasttext/${kernel}.ts`, name)
    t.ok(value, name)
    t.equal(constant(`fasttext/${reader}.ts`, name), value, name)
  }
})

t.test('sums of the kernel equal plain sums up to rounding, and its exact sums equal them', async t => {
  for (const name of MODELS) {
    const model = await readFastText(modelPath(name))
    const plain = new PlainSum(model)
    for (const tableBytes of [2 ** 20, 1200, 0]) {
      const kernel = KernelSum.of(model, tableBytes, plain)
      if (kernel === undefined) throw new Error(`${name}: there's no kernel`)
      fc.assert(fc.property(text, text => {
        const expected = plain.of(text)?.slice()
        const got = kernel.of(text)
        if (expected === undefined || got === undefined) return expected === got
        const most = Math.max(...expected.map(Math.abs))
        if (!expected.every((value, i) => Math.abs(got[i]! - value) <= 3e-6 * most)) return false
        return kernel.exactlyOf(text)!.every((value, i) => value === expected[i])
      }), { numRuns: howMany(3, 60) })
    }
  }
  t.pass()
})

t.test('a long text in pieces gives the same sum, wherever the pieces end', async t => {
  const model = await readFastText(modelPath('ova-all.bin'))
  const plain = new PlainSum(model)
  const kernel = KernelSum.of(model, 2 ** 20, plain)!
  const words = WORDS.join(' ').split(SEPARATED)
  const long = Array.from({ length: 9000 }, (_, i) => words[(i * 7919) % words.length]).join(' ')
  for (let cut = 0; cut < 20; cut += howMany(9, 1)) {
    const text = 'x'.repeat(cut) + ' ' + long
    const expected = plain.of(text)!
    const got = kernel.of(text)!
    t.ok(
      expected.every((value, i) => Math.abs(got[i]! - value) < 1e-4),
      `${cut} bytes more: ${got.join()}, expected ${expected.join()}`
    )
  }
})

t.test('a word that is longer than a piece is left to the plain code', async t => {
  const model = await readFastText(modelPath('hs.bin'))
  const plain = new PlainSum(model)
  const kernel = KernelSum.of(model, 2 ** 20, plain)!
  for (const text of [
    'w'.repeat(100_000), `a ${'é'.repeat(50_000)} b`, 'q'.repeat(2 ** 15 - 5), 'q'.repeat(2 ** 15 - 6),
    'q'.repeat(2 ** 15)
  ]) {
    const expected = plain.of(text)!.slice()
    t.ok(kernel.of(text)!.every((value, i) => Math.abs(value - expected[i]!) < 1e-4), `${text.length} characters`)
  }
  t.ok(kernel.of('and goes on'))
})
