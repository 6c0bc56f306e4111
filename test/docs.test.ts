/** What the documentation says is what the code says, and what it shows runs. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { type Test, t } from './tap.ts'
import { readManifest } from '../recipes/manifest/read.ts'
import { componentSchema, manifestSchema, tokenizerSchema } from '../recipes/manifest/schema.ts'
import { snakeCase } from '../lib/options.ts'
import { packageVersion } from '../lib/package.ts'
import { commands } from '../recipes/cli/commands.ts'
import { knownStages, sources, transforms } from '../recipes/stages.ts'
import { command as run, programPrints } from './commands.ts'
import { C4, hubForCommands } from './hub/process.ts'
import { fixture, folderLikeCheckout, isThorough, put, runProgram, temporaryFolder } from './helpers.ts'
import { ownData } from './own-data.ts'
import { type Block, anchorsIn, blocksIn, brokenLinks, readPage, shellLines, userPages } from './pages.ts'

const pages = userPages()
const everyPage = pages.map(page => readPage(page)).join('\n')

const MOST_LINES = 200
const MOST_README_LINES = 150
const MOST_README_WORDS = 1500
/** From this length on, a page has a table of contents. */
const SCREEN = 60

/** What the quickstart trains, which these tests don't wait for. */
const QUICKSTART_MODEL = 'data/quickstart/tokenizer/spm_8000_unigram.model'
const replaceModel = (code: string): string => code.replaceAll(QUICKSTART_MODEL, 'test/fixtures/quickstart.model')

t.test('the tables in the pages are up to date, and one that is not is found', async t => {
  t.equal(runProgram(process.execPath, ['scripts/write-docs.mjs', '--check']), '')
  const stale = put(temporaryFolder(t), 'stale.md', '# A page\n\n<!-- options dedup -->\n| option |\n<!-- end -->\n')
  t.throws(
    () => runProgram(process.execPath, ['scripts/write-docs.mjs', '--check', stale]),
    /out of date, npm run docs writes it: .*stale\.md|Command failed/
  )
  runProgram(process.execPath, ['scripts/write-docs.mjs', stale])
  t.match(readFileSync(stale, 'utf8'), '| `window` | `50000` | ')
})

t.test('every stage, command, flag and error has its row in some page', async t => {
  for (const name of [
    ...Object.keys(sources).map(name => name === 'json' ? 'ndjson' : name),
    'hf',
    ...Object.keys(transforms),
    'npySink'
  ]) {
    t.ok(everyPage.includes(`<!-- options ${name} -->\n`), name)
  }
  for (const table of ['commands', 'flags', 'errors']) t.ok(everyPage.includes(`<!-- ${table} -->\n`), table)
})

t.test('every key of a manifest is in its page', async t => {
  const page = readPage('recipes/manifest/README.md')
  for (const schema of [manifestSchema, componentSchema, tokenizerSchema]) {
    for (const key of Object.keys(schema.shape)) t.match(page, new RegExp(`\\b${snakeCase(key)}\\b`), key)
  }
})

/** The names that a module of ours exports from others, types among them. */
function exportedBy (path: string): string[] {
  return [...readPage(path).matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.replace(/\/\*.*?\*\//g, '').split(',').map(name => name.trim().replace(/^type /, '').replace(/^.* as /, '')))
}

/** The names that docs/api.md has a line for, in a section or in those that have no module's name. */
function documentedIn (isSection: (title: string) => boolean): string[] {
  return readPage('docs/api.md').split('\n## ').slice(1).filter(section => isSection(section.split('\n', 1)[0]!))
    .flatMap(section => [...section.matchAll(/^- `(\w+)`/gm)].map(([, name]) => name!))
}

t.test('every name of the index has its line in docs/api.md, and so have those of the other modules', async t => {
  const index = exportedBy('recipes/index.ts')
  t.ok(index.length > 100, `${index.length} names`)
  t.strictSame(documentedIn(title => !title.startsWith('`sluice/')).sort(), index.sort())
  for (const part of ['fasttext', 'hub', 'sentencepiece', 'tokenizer', 'trainer']) {
    t.strictSame(
      documentedIn(title => title === `\`sluice/${part}\``).sort(), exportedBy(`lib/${part}/index.ts`).sort(), part
    )
  }
  t.notMatch(readPage('docs/api.md'), /: $/m, 'each line says something')
})

t.test('every stage of the tables is in the index', async t => {
  const index = await import('sluice') as Readonly<Record<string, unknown>>
  const names = [
    ...Object.keys(sources).map(name => ({ json: 'ndjson', text: 'textLines' })[name] ?? name),
    'hf',
    ...Object.keys(transforms),
    'ndjsonSink',
    'npySink',
    'textSink'
  ]
  for (const name of names) t.type(index[name], 'function', name)
})

t.test('every command and every script that is named exists', async t => {
  for (const name of Object.keys(commands)) t.ok(new RegExp(`\`${name}[\` ]`).test(everyPage), name)
  const { scripts } = JSON.parse(readPage('package.json')) as { scripts: Record<string, string> }
  for (const [, name] of `${everyPage}${readPage('CONTRIBUTING.md')}`.matchAll(/npm run (?:-s )?([a-z]+)/g)) {
    t.ok(scripts[name!], `npm run ${name}`)
  }
  t.match(readPage('README.md'), 'npm ci && npm run quickstart')
  t.match(readPage('README.md'), 'npm ci && npm test')
})

t.test('pages are short, and long ones begin with a table of contents', async t => {
  const readme = readPage('README.md')
  t.ok(readme.split('\n').length - 1 <= MOST_README_LINES, `README.md has ${readme.split('\n').length - 1} lines`)
  t.ok(readme.split(/\s+/).length - 1 <= MOST_README_WORDS, `README.md has ${readme.split(/\s+/).length - 1} words`)
  for (const page of pages.filter(page => page !== 'docs/api.md' && page !== 'README.md')) {
    const text = readPage(page)
    const lines = text.split('\n').length - 1
    t.ok(lines <= MOST_LINES, `${page} has ${lines} lines`)
    const sections = [...text.replace(/^```.*?^```$/gms, '').matchAll(/^## /gm)].length
    if (lines > SCREEN && sections > 1) {
      t.match(text.split('\n## ')[0], /^- \[.*\]\(#.*\)$/m, `${page} has a table of contents`)
    }
  }
})

t.test('every link leads to a file and a heading that exist', async t => {
  t.strictSame([...pages, 'CONTRIBUTING.md', 'CHANGELOG.md'].flatMap(page => brokenLinks(page)), [])
  t.ok(anchorsIn('## Run records\n\n## `--restart`, again\n\n## Run records\n').has('run-records-1'))
  const folder = temporaryFolder(t)
  put(folder, 'a.md', '# A\n\n[a](#a) [b](#b) [c](c.md) [d](https://example.org) `[e](f.md)`\n')
  t.strictSame(brokenLinks('a.md', folder), ['a.md: #b', 'a.md: c.md'])
})

/** What makes a command fast enough for a test of many: threads, and the tables of NFKC, take long for inputs of this size. */
function quickened (args: readonly string[]): string[] {
  const more = args[0] === 'train-tokenizer' ? ['--normalization-rule-name', 'identity', '--no-hard-vocab-limit'] : []
  const isThreaded = ['process-mixture', 'run', 'train-tokenizer', 'filter-corpus', 'shard-corpus', 'verify'].includes(
    args[0]!
  )
  return [...args, ...more, ...isThreaded && !args.includes('--workers') ? ['--workers', '1'] : []]
}

/** Runs a block for the shell; without a shell, each command of a pipe is given what the one before it has printed. */
async function runShell (t: Test, block: Block, cwd: string): Promise<void> {
  const lines = shellLines(block)
  if (isThorough()) {
    const npx = `npx () { shift; "${process.execPath}" dist/recipes/cli/main.js "$@"; }\nset -euo pipefail\n`
    const script = lines.map(line =>
      line.map(words => `npx sluice ${words.map(word => `'${word}'`).join(' ')}`).join(' | ')).join('\n')
    t.doesNotThrow(() => runProgram('bash', ['-c', npx + replaceModel(script)], cwd), block.place)
    return
  }
  for (const line of lines) {
    let input = ''
    for (const words of line) {
      const { code, stdout, stderr } = await run(quickened(words.map(replaceModel)), { cwd, input })
      t.equal(code, 0, `${block.place}: ${words.join(' ')}: ${stderr}`)
      input = stdout
    }
  }
}

/** Runs a block of JavaScript or TypeScript; a comment after `console.log` is what it prints. */
async function runProgramIn (t: Test, { place, language, code }: Block, cwd: string): Promise<void> {
  const { ScriptTarget, ModuleKind } = ts
  const program = language === 'js'
    ? code
    : ts.transpileModule(
      code, { compilerOptions: { target: ScriptTarget.ES2022, module: ModuleKind.ES2022, verbatimModuleSyntax: true } }
    ).outputText
  const name = `shown-${place.replace(/\W+/g, '-')}.mjs`
  put(cwd, name, replaceModel(program))
  const printed = await programPrints(name, [], cwd)
  for (const [, comment] of code.matchAll(/^\s*console\.log\(.*\) \/\/ (.*)$/gm)) {
    t.match(`\n${printed}`, `\n${comment}\n`, place)
  }
  t.pass(place)
}

/** Reads a block of YAML: a manifest, or the filters of a component. */
async function readYaml (t: Test, { place, code }: Block, cwd: string): Promise<void> {
  const isFilters = code.startsWith('filters:')
  const manifest = isFilters
    ? `- name: shown\n  dataset: json\n  data_files: examples/mail.ndjson\n${code.replace(/^/gm, '  ')}`
    : code
  const { datasets } = await readManifest(put(temporaryFolder(t), 'shown.yaml', manifest.replaceAll(
    './my-stage.mjs', join(cwd, 'examples/my-stage.mjs')
  )), knownStages)
  t.ok(datasets.length > 0, place)
}

t.test('what the pages show runs as it stands', async t => {
  await hubForCommands(t, { repos: [C4] })
  for (const page of pages) {
    const blocks = blocksIn(page)
    t.strictSame(blocks.filter(({ language }) => !['sh', 'js', 'ts', 'yaml', 'python', 'text', 'json'].includes(
      language
    )), [], `${page}: each block names its language`)
    const shown = blocks.filter(({ language }) => ['sh', 'js', 'ts', 'yaml'].includes(language))
    if (shown.length === 0) continue
    await t.test(page, async t => {
      const cwd = folderLikeCheckout(t)
      put(cwd, 'my.parquet', await ownData())
      mkdirSync(join(cwd, 'models'))
      copyFileSync(fixture('fasttext/hs.bin'), join(cwd, 'models/quality.bin'))
      const before = process.cwd()
      process.chdir(cwd)
      t.teardown(() => { process.chdir(before) })
      for (const block of shown) {
        if (block.language === 'sh') await runShell(t, block, cwd)
        else if (block.language === 'yaml') await readYaml(t, block, cwd)
        else await runProgramIn(t, block, cwd)
      }
    })
  }
})

t.test('a block for the shell that no test would run is found', async t => {
  const block = {
    place: 'a.md:1',
    language: 'sh',
    code: 'npm ci && npm test\nnpx sluice read a.ndjson |\n  npx sluice length --min-chars 3   # a note\n'
  }
  t.strictSame(shellLines(block), [[['read', 'a.ndjson'], ['length', '--min-chars', '3']]])
  t.throws(() => shellLines({ ...block, code: 'sluice read a.ndjson\n' }), /a\.md:1: no test runs sluice read/)
})

t.test('the changelog has this version', async t => {
  t.match(readPage('CHANGELOG.md'), `## ${packageVersion()}`)
})
