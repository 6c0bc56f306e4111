import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Aliases } from '../../../recipes/cli/aliases.ts'
import { sha256 } from '../../../lib/hash.ts'
import { flagOf } from '../../../recipes/cli/command.ts'
import { allCommands } from '../../../recipes/cli/commands.ts'
import { checkTokenizer } from '../../../recipes/check-tokenizer.ts'
import { filterCorpus } from '../../../recipes/filter-corpus.ts'
import { inspect } from '../../../recipes/inspect.ts'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { run as runManifest } from '../../../recipes/run.ts'
import { shardCorpus } from '../../../recipes/shard-corpus.ts'
import { trainTokenizer } from '../../../recipes/train-tokenizer.ts'
import { command as run } from '../../commands.ts'
import { contentIn, failure, fixture, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'
import { modelPath } from '../../lib/fasttext/fixtures.ts'
import { writeShards } from '../../shards.ts'
import { t } from '../../tap.ts'

const commands = await allCommands()

const ENGLISH = 'The water of the river turns the wheel of the old mill, as it has done for three hundred years.'
const RECORDS = Array.from({ length: 40 }, (_, i) => ({ text: `${ENGLISH} It was year ${i % 30}.` }))
const MODEL = fixture('tiny.model')
const TOKENIZER = ['--tokenizer-path', MODEL]

/** A call of a command in which an option has an effect, and the option's value. */
interface Case {
  readonly args: readonly string[]
  readonly value?: string
}

const filtering = ['filter-corpus', 'a.ndjson', '--min-chars', '1']
const fastText = [...filtering, '--keep', 'de,en,fr,ru', '--threshold', '0']
const DETECTED = ['--keep', 'any', '--min-chars', '1']
const mixture = ['m.yaml', ...TOKENIZER]

/** By command and option: one for each option with aliases. */
const CASES: Readonly<Record<string, Case>> = {
  'filter-corpus output': { args: ['filter-corpus', 'a.ndjson', ...DETECTED], value: 'out.txt' },
  'filter-corpus keep': { args: filtering, value: 'de,en' },
  'filter-corpus threshold': { args: filtering, value: '0.99' },
  'filter-corpus window': { args: ['filter-corpus', 'a.ndjson', ...DETECTED], value: '3' },
  'filter-corpus detector': { args: [...fastText, '--model', modelPath('hs.bin')], value: 'fasttext' },
  'filter-corpus model': { args: [...fastText, '--detector', 'fasttext'], value: modelPath('hs.bin') },
  'shard-corpus limit': { args: ['shard-corpus', 'a.ndjson', ...TOKENIZER, '--seq-len', '16'], value: '7' },
  'shard-corpus stats': { args: ['shard-corpus', 'a.ndjson', ...TOKENIZER, '--seq-len', '16'], value: 'own.json' },
  'process-mixture stats': { args: ['process-mixture', ...mixture], value: 'own.json' },
  'run stats': { args: ['run', ...mixture], value: 'own.json' },
  'train-tokenizer stats': { args: ['train-tokenizer', 'a.ndjson', '--vocab-size', '40'], value: 'own.json' },
  'check-tokenizer sha256': { args: ['check-tokenizer', ...TOKENIZER], value: sha256(readFileSync(MODEL)) },
  'inspect counts': { args: ['inspect', 'shards', ...TOKENIZER] },
  'check-tokenizer output': { args: ['check-tokenizer', ...TOKENIZER], value: 'own.json' }
}

/** The recipes whose options have other names, by their commands. */
const RECIPES: Readonly<Record<string, (options: object) => Promise<unknown>>> = {
  'filter-corpus': options => filterCorpus(options),
  'shard-corpus': options => shardCorpus(options),
  'process-mixture': options => processMixture('m.yaml', options),
  run: options => runManifest('m.yaml', options),
  'train-tokenizer': options => trainTokenizer(options),
  'check-tokenizer': options => checkTokenizer(options as Parameters<typeof checkTokenizer>[0]),
  inspect: options => inspect('a', options)
}

/** The other names of flags, in all commands. */
const ALIASES = Object.entries(commands).flatMap(([name, { aliases }]) => {
  return (['python', 'former'] as const satisfies ReadonlyArray<keyof Aliases>).flatMap(kind => {
    return Object.entries(aliases[kind] ?? {}).map(([alias, option]) => ({ name, kind, alias, option }))
  })
})

/** Removes times, speeds and paths of a run. */
function comparable (content: string, name: string): string {
  return content
    .replaceAll(name, 'NAME')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, 'DATE')
    .replace(/("(?:\w*seconds|bytes_per_second|pid|modified\w*)": )[\d.]+/g, '$1N')
}

for (const { name, kind, alias, option } of ALIASES) {
  t.test(`${name} ${flagOf(alias)} does what ${flagOf(option)} does`, async t => {
    const found = CASES[`${name} ${option}`]
    if (found === undefined) return t.fail(`no case for ${name} ${option}`)
    const outcomes = []
    for (const flag of [flagOf(option), flagOf(alias)]) {
      const cwd = temporaryFolder(t)
      put(cwd, 'a.ndjson', ndjsonOf(RECORDS))
      put(cwd, 'm.yaml', '- { name: a, dataset: json, data_files: a.ndjson, seq_len: 16 }\n')
      writeShards(cwd, 'shards', [5, 6, 7, 8, 9, 10, 11, 2], { seqLen: 4, sequencesPerShard: 2 })
      const value = found.value === undefined ? [] : [found.value]
      const threads = /^(?:check-|inspect)/.test(name) ? [] : ['--workers', '1']
      const { code, stdout, stderr } = await run([...found.args, flag, ...value, ...threads], { cwd })
      t.equal(code, 0, stderr)
      const warns = kind === 'former' && flag === flagOf(alias)
      t.match(stderr, warns
        ? `warning: ${flagOf(alias)} was renamed to ${flagOf(option)}; the old name will be removed in 1.0`
        : /^(?!.*was renamed)/s)
      const files = Object.entries(contentIn(cwd)).filter(([path]) =>
        !/^(?:runs|logs)\/|\.npy$|\.inventory\.|checkpoint/.test(path))
      outcomes.push({
        printed: name === 'inspect' ? stdout : '',
        files: files.map(([path, content]) => [path, comparable(content, cwd)])
      })
    }
    const { printed, files } = outcomes[0]!
    t.ok(printed !== '' || files.length > (option === 'sha256' ? 1 : 2), 'something is written')
    t.strictSame(outcomes[1], outcomes[0])
  })

  t.test(`${name}: a mistake in ${flagOf(alias)} is reported by that name`, async t => {
    const mistake = { [alias]: {} }
    t.throws(() => commands[name]!.call(['a'], mistake), {
      code: 'ERR_OPTION', message: new RegExp(`^${flagOf(alias)}: expected `, 'm')
    })
    t.match(await failure(Promise.resolve().then(() => RECIPES[name]!(mistake))), {
      code: 'ERR_OPTION', message: new RegExp(`^${name}\\.${alias}: expected `, 'm')
    })
  })
}

t.test('so is one that only shows while the command runs, or that is about several options', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'a.ndjson', ndjsonOf(RECORDS))
  const stderrOf = async (...args: string[]): Promise<string> => (await run(args, { cwd })).stderr
  t.match(await stderrOf('filter-corpus', 'a.ndjson', '--target-lang', 'xx'), /^sluice: --target-lang: /)
  t.match(
    await stderrOf('filter-corpus', 'a.ndjson', '--quiet', '--lang-model', 'x'),
    /^sluice: --lang-model is for --detector fasttext/
  )
  t.match(
    await stderrOf('inspect', 'a.ndjson', '--quiet', '--stats', '--documents'),
    /^sluice: inspect: expected one of rows \(--row, --rows\), --documents and --stats \[/
  )
})

t.test('one option given under two names is refused', async t => {
  const { code, stderr } = await run(['filter-corpus', 'none', '--output', 'a.txt', '--output-path', 'b.txt'])
  t.match({ code, stderr }, {
    code: 2, stderr: /--output and --output-path are names of one option|--output-path and --output are names/
  })
})

t.test('aliases work in code too; a former name gives a process warning', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'a.ndjson', ndjsonOf(RECORDS))
  const warned: string[] = []
  const onWarning = (warning: Error): void => { warned.push(`${warning.name}: ${warning.message}`) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const python = { dataFiles, targetLang: 'any', minChars: 1, dedupWindow: 3, outputPath: join(folder, 'old.ndjson') }
  const own = { dataFiles, keep: 'any', minChars: 1, window: 3, output: join(folder, 'new.ndjson') }
  const [old, now] = [await filterCorpus(python), await filterCorpus(own)]
  t.equal(old.kept, now.kept)
  t.equal(readFileSync(old.output_path, 'utf8'), readFileSync(now.output_path, 'utf8'))
  t.strictSame(warned, [])
  t.match(await failure(filterCorpus({ ...own, langModel: 'x' })), {
    code: 'ERR_OPTION', message: /`langModel` is for `detector` fasttext/
  })
  t.match(await failure(filterCorpus({ ...own, keep: 'en', targetLang: 'en' })), {
    code: 'ERR_OPTION', message: /are names of one option/
  })
  await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(warned, [
    'DeprecationWarning: filter-corpus: langModel was renamed to model; the old name will be removed in 1.0'
  ])
})
