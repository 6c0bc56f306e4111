/** No message shows internals: objects, codes of zod, stacks. */
import { join } from 'node:path'
import { t } from '../tap.ts'
import { z } from 'zod'
import { kebabCase } from '../../lib/options.ts'
import { TOKENIZER_FILES } from '../../lib/tokenizer/files.ts'
import { allCommands } from '../../recipes/cli/commands.ts'
import { commandsHereIn } from '../commands.ts'
import { isThorough, ndjsonOf, put, temporaryFolder } from '../helpers.ts'

const commands = await allCommands()

const run = commandsHereIn(t)

/** Strings that no message may contain: JavaScript values, words of zod, stacks and JSON. */
const INTERNAL = new RegExp([
  '\\[object', 'undefined', '\\bNaN\\b', 'Zod', 'invalid_', 'too_small', 'too_big', 'unrecognized', 'Invalid input',
  '\n {4}at ', '\\{"', '":', 'an unexpected error'
].join('|'))

const WRONG = ['', 'abc', '-1', '10k', '1e99', '1_0', 'nan', '{a}', '\u00e9']

/** One of the values at a time, in turn; in `npm run thorough` all of them. */
function inTurn (): (values: readonly string[]) => readonly string[] {
  let next = 0
  return values => isThorough() ? values : [values[next++ % values.length]!]
}

const HOSTILE_VALUES = ['10k', '-7', '{ a: 1 }', '[{ a: 1 }]', '[1, x]', 'null', 'true', '1e400', '"\\u0001"', '""']

t.test('every flag of every command is refused with wrong values', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', ndjsonOf([{ id: '1', text: 'a', meta: {} }]))
  put(folder, 'mix.yaml', '- { name: a, dataset: json, data_files: a.ndjson, output_dir: shards }\n')
  const some = inTurn()
  const seen = new Set<string>()
  let [refused, done] = [0, 0]
  // With two wrong flags, no command starts its work.
  const check = async (args: readonly string[], input = ''): Promise<void> => {
    const { code, stdout, stderr } = await run(args, { cwd: folder, input })
    done++
    if (code !== 0) refused++
    for (const line of `${stdout}${stderr}`.split('\n')) if (INTERNAL.test(line)) t.fail(`${args.join(' ')}: ${line}`)
  }
  for (const [name, { argument, options }] of Object.entries(commands)) {
    if (name === 'schema') continue // its result is a JSON Schema
    const place = argument === undefined
      ? []
      : name === 'runs'
        ? ['none']
        : [name === 'inspect' || name === 'write'
            ? 'none'
            : name === 'verify' ? 'a.ndjson' : argument[0].includes('manifest') ? 'none.yaml' : 'none.ndjson']
    if (name !== 'quickstart') await check([name, ...place])
    for (const [key, field] of Object.entries(options.shape)) {
      const { type } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
      // In `npm test` a flag is checked with the first command that has it.
      if (type === 'boolean' || (!isThorough() && seen.has(key))) continue
      seen.add(key)
      const isNumber = type === 'integer' || type === 'number' || key === 'maxBad'
      for (const value of some(isNumber ? WRONG : WRONG.slice(0, 2))) {
        await check([
          name,
          ...place,
          `--${kebabCase(key)}=${value}`,
          ...(key === 'maxLineBytes' || !('maxLineBytes' in options.shape) ? [] : ['--max-line-bytes=x'])
        ])
      }
    }
  }
  t.ok(refused > (isThorough() ? 300 : 60), `${refused} of ${done} were refused`)
})

/** A manifest of one component with a key set. */
function componentWith (key: string, value: string): string {
  const component = { name: 'a', dataset: 'json', data_files: 'none.ndjson', [key]: value }
  return `- { ${Object.entries(component).map(([key, value]) => `${key}: ${value}`).join(', ')} }`
}

t.test('every key of a manifest is refused with wrong values', async t => {
  const folder = temporaryFolder(t)
  const some = inTurn()
  const keys = [
    'name', 'dataset', 'data_files', 'text_column', 'sample_limit', 'filters', 'expect', 'rejects', 'seq_len', 'dtype',
    'output_dir', 'eos_id', 'max_records', 'columns', 'delimiter'
  ]
  const manifests = [
    ...keys.flatMap(key => some(HOSTILE_VALUES).map(value => componentWith(key, value))),
    ...['tokenizer', 'tokenizer_output_dir', 'stats', 'datasets', 'name'].flatMap(key =>
      some(HOSTILE_VALUES).map(value => `${key}: ${value}\n`)),
    ...['normalize', 'length', 'language', 'classify', 'dedup', 'use'].flatMap(stage => some(HOSTILE_VALUES)
      .map(value => `- { name: a, dataset: json, data_files: none.ndjson, filters: [${stage}: ${value}] }`)),
    ...[
      'length: { min_chars: V }',
      'language: { keep: V }',
      'language: { threshold: V, keep: [V] }',
      'dedup: { window: V }',
      'length: { min_chars: 3, max_chars: 2, expect: { kept: V } }'
    ].flatMap(filter => some(HOSTILE_VALUES).map(value =>
      `- { name: a, dataset: json, data_files: none.ndjson, filters: [${filter.replaceAll('V', value)}] }`))
  ]
  for (const manifest of manifests) {
    const { code, stdout, stderr } = await run(['check', put(folder, 'mix.yaml', manifest)], { cwd: folder })
    t.equal(code, 2, manifest)
    for (const line of `${stdout}${stderr}`.split('\n')) if (INTERNAL.test(line)) t.fail(`${manifest}: ${line}`)
  }
})

t.test('a flag is named as on the command line, and a number is read in common notations', async t => {
  const input = ndjsonOf([{ id: '1', text: 'a', meta: {} }])
  for (const value of ['1e6', '1_000_000', '1000000', '+1e+6']) {
    t.match(
      await run(['length', '--min-chars', '1', '--max-chars', value], { input }), { code: 0, stdout: input }, value
    )
  }
  for (const [args, says] of [
    [
      ['length', '--max-chars', '10k'],
      '--max-chars: expected a number, got "10k"; a number is written as 10000, 10_000 or 1e4'
    ],
    [['length', '--min-chars', '5', '--max-chars', '3'], 'expected --min-chars to be at most --max-chars'],
    [['language', '--keep', 'en,english'], '--keep: cld3 does not know the language "english" (did you mean en?)'],
    [
      ['filter-corpus', '--data-files', 'none', '--target-lang', 'english'],
      '--target-lang: cld3 does not know the language "english" (did you mean en?)'
    ],
    [['filter-corpus', '--data-files', 'none', '--model', 'x'], '--model is for --detector fasttext'],
    [
      ['filter-corpus', '--data-files', 'none', '--max-bad', '1_0k'],
      '--max-bad: expected a count such as 100, or a share such as 1% or 0.01, got "1_0k"'
    ],
    [['encode'], `--tokenizer-path: expected ${TOKENIZER_FILES}, it is missing`],
    [
      ['shard-corpus', '--data-files', 'none'],
      'shard-corpus: expected either --output, for NDJSON, or --tokenizer-path, for shards'
    ],
    [
      ['train-tokenizer', '--data-files', 'none', '--vocab-size', '3'],
      '--vocab-size: expected more than the 3 special pieces, symbols and bytes, got 3'
    ]
  ] as const) t.match(await run(args, { input }), { code: 2, stderr: `sluice: ${says} [ERR_OPTION]\n` })
})

t.test('options of a training are named as flags, or as keys if they are from a manifest', async t => {
  const folder = temporaryFolder(t)
  const text = put(folder, 'a.txt', 'a sluice gate and a mill\n'.repeat(5))
  const trained = async (args: readonly string[]): Promise<string> => (await run([...args, '--workers', '1'])).stderr
  const byFlags = [
    'train-tokenizer', '--dataset', 'text', '--data-files', text, '--output-dir', join(folder, 'tokenizer'),
    '--normalization-rule-name', 'identity'
  ]
  t.match(
    await trained([...byFlags, '--vocab-size', '900']),
    /sluice: --vocab-size: .*or allow fewer with --no-hard-vocab-limit \[ERR_OPTION\]/
  )
  t.match(
    await trained([...byFlags, '--vocab-size', '5']),
    /sluice: --vocab-size: .*a smaller --character-coverage keeps fewer characters \[ERR_OPTION\]/
  )
  const manifest = (size: number): string => put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 's.json'),
    tokenizer_output_dir: join(folder, 'tokenizer'),
    tokenizer: { vocab_size: size, normalization_rule_name: 'identity' },
    datasets: [{ name: 'a', dataset: 'text', data_files: text, output_dir: join(folder, 'a') }]
  }))
  t.match(
    await trained(['run', manifest(900)]),
    /sluice: tokenizer\.vocab_size: .*or allow fewer with `hard_vocab_limit: false` \[ERR_OPTION\]/
  )
  t.match(
    await trained(['run', manifest(5)]),
    /sluice: tokenizer\.vocab_size: .*a smaller `character_coverage` keeps fewer/
  )
})
