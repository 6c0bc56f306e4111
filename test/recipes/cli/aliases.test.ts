import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Aliases } from '../../../recipes/cli/aliases.ts'
import { sha256 } from '../../../lib/hash.ts'
import { flagOf } from '../../../recipes/cli/command.ts'
import { commands } from '../../../recipes/cli/commands.ts'
import { filterCorpus } from '../../../recipes/filter-corpus.ts'
import { command as run } from '../../commands.ts'
import { contentIn, failure, fixture, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'
import { modelPath } from '../../lib/fasttext/fixtures.ts'
import { t } from '../../tap.ts'

const ENGLISH = 'The water of the river turns the wheel of the old mill, as it has done for three hundred years.'
const RECORDS = Array.from({ length: 40 }, (_, i) => ({ text: `${ENGLISH} It was year ${i % 30}.` }))
const MODEL = fixture('tiny.model')
const TOKENIZER = ['--tokenizer-path', MODEL]

/** A call of a command in which an option has an effect, and the option's value. */
interface Case {
  readonly args: readonly string[]
  readonly value: string
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
  'check-tokenizer output': { args: ['check-tokenizer', ...TOKENIZER], value: 'own.json' }
}

/** Without times, speeds and paths of a run. */
function comparable (content: string, name: string): string {
  return content
    .replaceAll(name, 'NAME')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, 'DATE')
    .replace(/("(?:\w*seconds|bytes_per_second|pid|modified\w*)": )[\d.]+/g, '$1N')
}

for (const [name, { aliases }] of Object.entries(commands)) {
  for (const kind of ['python', 'former'] as const satisfies ReadonlyArray<keyof Aliases>) {
    for (const [alias, option] of Object.entries(aliases[kind] ?? {})) {
      t.test(`${name} ${flagOf(alias)} does what ${flagOf(option)} does`, async t => {
        const found = CASES[`${name} ${option}`]
        if (found === undefined) return t.fail(`no case for ${name} ${option}`)
        const outcomes = []
        for (const flag of [flagOf(option), flagOf(alias)]) {
          const cwd = temporaryFolder(t)
          put(cwd, 'a.ndjson', ndjsonOf(RECORDS))
          put(cwd, 'm.yaml', '- { name: a, dataset: json, data_files: a.ndjson, seq_len: 16 }\n')
          const { code, stderr } = await run([...found.args, flag, found.value, '--workers', '1'].slice(
            0, name.startsWith('check-') ? -2 : undefined
          ), { cwd })
          t.equal(code, 0, stderr)
          const warns = kind === 'former' && flag === flagOf(alias)
          t.match(stderr, warns
            ? `warning: ${flagOf(alias)} is called ${flagOf(option)} now; the old name goes in 1.0`
            : /^(?!.*is called)/s)
          const files = Object.entries(contentIn(cwd)).filter(([path]) =>
            !/^(?:runs|logs)\/|\.npy$|\.inventory\.|checkpoint/.test(path))
          outcomes.push(files.map(([path, content]) => [path, comparable(content, cwd)]))
        }
        t.ok(outcomes[0]!.length > (option === 'sha256' ? 1 : 2), 'something is written')
        t.strictSame(outcomes[1], outcomes[0])
      })
    }
  }
}

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
    code: 'ERR_OPTION', message: /`model` is for `detector` fasttext/
  })
  t.match(await failure(filterCorpus({ ...own, keep: 'en', targetLang: 'en' })), {
    code: 'ERR_OPTION', message: /are names of one option/
  })
  await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(warned, ['DeprecationWarning: filter-corpus: langModel is called model now; the old name goes in 1.0'])
})
