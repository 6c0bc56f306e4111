/** The kernel against the plain path, and what both must agree on. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KernelEncoder } from '../../../lib/bpe/kernel-encoder.ts'
import { SETTINGS } from '../../../lib/bpe/kernel-layout.ts'
import { kernelTables } from '../../../lib/bpe/kernel-tables.ts'
import { FUZZED_BPE, fuzzBpe } from '../../bpe-fuzz.ts'
import { ROOT, howMany } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { idsOf, modelOf, TEXTS } from './fixtures.ts'

const SEED = Number(process.env.FUZZ_SEED ?? 1)
const RUNS = howMany(20, 400)

t.test('the kernel is there', async t => {
  const bytes = readFileSync(new URL('../../../lib/kernels/bpe.wasm', import.meta.url))
  t.ok(bytes.length < 30_000, `it has ${bytes.length} bytes`)
})

const source = (path: string): string => readFileSync(join(ROOT, 'lib', path), 'utf8')

t.test('it is given its settings by their names, in its order', async t => {
  const fields = source('kernels/bpe/settings.ts').matchAll(/^ {2}(\w+): (?:u32|usize)$/gm)
  t.strictSame([...SETTINGS], [...fields].map(([, name]) => name))
})

t.test('scanners have the same numbers in it', async t => {
  const { SCANNERS } = await import('../../../lib/bpe/kernel-layout.ts')
  for (const [name, number] of Object.entries(SCANNERS)) {
    t.match(source('kernels/bpe/families.ts'), `const ${name.toUpperCase()}: i32 = ${number}\n`)
  }
})

for (const name of FUZZED_BPE) {
  t.test(`${name}: ${RUNS} random texts have the ids of the plain path`, async t => {
    t.comment(`FUZZ_SEED=${SEED}`)
    t.equal(fuzzBpe(name, SEED, RUNS), null)
  })
}

t.test('encoders that share tables do not disturb each other', async t => {
  const model = modelOf('llama3')
  const tables = kernelTables(model)!
  const encoders = [new KernelEncoder(tables), new KernelEncoder(tables), new KernelEncoder(tables)]
  const first = TEXTS.map(text => idsOf(encoders[0]!, text).join())
  const turns = TEXTS.map((text, i) => idsOf(encoders[i % 3]!, text).join())
  t.strictSame(turns, first)
})

t.test('a text of megabytes, whose words fill the tables over and over, has the ids of its parts', async t => {
  const model = modelOf('cl100k')
  const encoder = new KernelEncoder(kernelTables(model)!)
  const lines = Array.from({ length: 20_000 }, (_, i) => `word${i * 7919} ${'xy'.repeat(i % 60)}=${i}\n`)
  const parts = lines.flatMap(line => idsOf(encoder, line))
  t.ok(idsOf(encoder, lines.join('')).join() === parts.join())
})
