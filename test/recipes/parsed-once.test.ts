/** Options are parsed once: a command or a manifest parses those of its stages, which use them unchanged. */
import { join } from 'node:path'
import type { OptionsSchema } from '../../lib/options.ts'
import { allCommands } from '../../recipes/cli/commands.ts'
import { processMixture, processMixtureOptions } from '../../recipes/process-mixture.ts'
import { sources, transforms } from '../../recipes/stages.ts'
import { npySinkOptions } from '../../sinks/npy.ts'
import { commandHere } from '../commands.ts'
import { fixture, folderInMemory, put } from '../helpers.ts'
import { type Test, t } from '../tap.ts'
import { smallMixture } from './small-mixture.ts'

const commands = await allCommands()

const MODEL = fixture('tiny.model')

/** Counts how often each of some schemas parses, by name, until the end of the test. */
function countParses (t: Test, schemas: Readonly<Record<string, OptionsSchema>>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [name, schema] of Object.entries(schemas)) {
    const safeParse = schema.safeParse.bind(schema)
    schema.safeParse = (...given) => {
      counts[name] = (counts[name] ?? 0) + 1
      return safeParse(...given)
    }
    t.teardown(() => { schema.safeParse = safeParse })
  }
  return counts
}

/** The schemas of sources, of `encode` and `pack`, and of the sink for shards. */
const STAGES: Readonly<Record<string, OptionsSchema>> = {
  ...Object.fromEntries(Object.entries(sources).map(([name, { options }]) => [name, options])),
  encode: transforms.encode!.options,
  pack: transforms.pack!.options,
  npy: npySinkOptions
}

const CALLS: Readonly<Record<string, readonly string[]>> = {
  read: ['a.csv', '--delimiter', 'tab', '--max-bad', '1'],
  encode: ['--tokenizer-path', MODEL],
  pack: ['--seq-len', '4'],
  write: ['out/', '--sequences-per-shard', '2']
}

t.test('each command of a pipe parses its options once, and its stage does not', async t => {
  const cwd = folderInMemory(t)
  put(cwd, 'a.csv', 'id\ttext\na\tsome words, and more of them\nb\tother words\n')
  const schemas = Object.keys(CALLS).map(name => [`sluice ${name}`, commands[name]!.options])
  // The commands `encode` and `pack` have the schemas of their stages.
  const { encode, pack, ...stages } = STAGES
  const counts = countParses(t, { ...stages, ...Object.fromEntries(schemas) as typeof STAGES })
  let input = ''
  for (const [name, args] of Object.entries(CALLS)) {
    const { code, stdout, stderr } = await commandHere([name, ...args], { cwd, input })
    t.equal(code, 0, stderr)
    input = stdout
  }
  t.strictSame(counts, Object.fromEntries(schemas.map(([name]) => [name as string, 1])))
})

t.test('init parses its options once', async t => {
  const cwd = folderInMemory(t)
  put(cwd, 'a.ndjson', '{"text":"some words, and more of them"}\n')
  const counts = countParses(t, { init: commands.init!.options })
  const { code, stderr } = await commandHere(['init', 'a.ndjson'], { cwd })
  t.equal(code, 0, stderr)
  t.strictSame(counts, { init: 1 })
})

t.test('a mixture parses its options once, and none of its stages does', async t => {
  const { manifest, options, folder } = smallMixture(t, {
    dataset: 'csv', delimiter: 'tab', data_files: put(folderInMemory(t), 'a.tsv', 'id\ttext\na\tsome words\n')
  })
  const counts = countParses(t, { ...STAGES, 'process-mixture': processMixtureOptions })
  await processMixture(manifest, { ...options, stats: join(folder, 'stats.json'), workers: 1 })
  t.strictSame(counts, { 'process-mixture': 1 })
})
