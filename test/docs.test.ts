/** The documentation agrees with the code, and its examples run. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { type Test, t } from './tap.ts'
import { readManifest } from '../recipes/manifest/read.ts'
import { componentSchema, manifestSchema, tokenizerSchema } from '../recipes/manifest/schema.ts'
import { snakeCase } from '../lib/options.ts'
import { packageVersion } from '../lib/package.ts'
import { allCommands } from '../recipes/cli/commands.ts'
import { knownStages, sources, transforms } from '../recipes/stages.ts'
import { command as run, programPrints } from './commands.ts'
import { C4, hubForCommands } from './hub/process.ts'
import { ROOT, filesIn, fixture, folderLikeCheckout, isThorough, put, runProgram, temporaryFolder } from './helpers.ts'
import { ownData } from './own-data.ts'
import { PHRASES_EVERYWHERE, phrasesIn } from './phrases.ts'
import { type Block, anchorsIn, blocksIn, brokenLinks, readPage, shellLines, userPages } from './pages.ts'

const commands = await allCommands()

const pages = userPages()
const everyPage = pages.map(page => readPage(page)).join('\n')

const MOST_LINES = 200
const MOST_README_LINES = 150
const MOST_README_WORDS = 1500
/** From this length on, a page has a table of contents. */
const SCREEN = 60

/** The model that the quickstart trains; these tests use a fixture in its place. */
const QUICKSTART_MODEL = 'data/quickstart/tokenizer/spm_8000_unigram.model'
const replaceModel = (code: string): string => code.replaceAll(QUICKSTART_MODEL, 'test/fixtures/quickstart.model')

const writeTables = (...args: string[]): string => runProgram(process.execPath, ['scripts/write-docs.mjs', ...args])

t.test('the generated tables in the pages are up to date, and an outdated table is found', async t => {
  t.equal(writeTables('--check'), '')
  const stale = put(temporaryFolder(t), 'stale.md', '# A page\n\n<!-- options dedup -->\n| option |\n<!-- end -->\n')
  t.throws(() => writeTables('--check', stale), /Command failed/)
  writeTables(stale)
  t.match(readFileSync(stale, 'utf8'), '| `window` | `50000` | ')
})

t.test('every stage, command, flag and error has a row in some page', async t => {
  const names = ['ndjson', ...Object.keys(sources).slice(1), 'hf', ...Object.keys(transforms), 'npySink']
  for (const name of names) {
    t.ok(everyPage.includes(`<!-- options ${name} -->\n`), name)
  }
  for (const table of ['commands', 'flags', 'errors']) t.ok(everyPage.includes(`<!-- ${table} -->\n`), table)
})

t.test('every key of a manifest is documented in its page', async t => {
  const page = readPage('recipes/manifest/README.md')
  for (const schema of [manifestSchema, componentSchema, tokenizerSchema]) {
    for (const key of Object.keys(schema.shape)) t.match(page, new RegExp(`\\b${snakeCase(key)}\\b`), key)
  }
})

/** The names that a module exports from other modules, including types. */
function exportedBy (path: string): string[] {
  return [...readPage(path).matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.replace(/\/\*.*?\*\//g, '').split(',').map(name => name.trim().replace(/^type /, '').replace(/^.* as /, '')))
}

/** The pages with what `npm run api` writes. */
const API_PAGES = ['API.md', 'recipes/API.md', 'lib/README.md']

/** The names that have a line in these pages, in sections whose title matches. */
function documentedIn (isSection: (title: string) => boolean): string[] {
  return API_PAGES.flatMap(page => readPage(page).split('\n## ').slice(1))
    .filter(section => isSection(section.split('\n', 1)[0]!))
    .flatMap(section => [...section.matchAll(/^- `(\w+)`/gm)].map(([, name]) => name!))
}

t.test('every export of the index and of the other modules has a line in the pages', async t => {
  const index = exportedBy('recipes/index.ts')
  t.ok(index.length > 100, `${index.length} names`)
  t.strictSame(documentedIn(title => !title.startsWith('`sluice/')).sort(), index.sort())
  for (const part of ['fasttext', 'hub', 'sentencepiece', 'tokenizer', 'trainer']) {
    const documented = documentedIn(title => title === `\`sluice/${part}\``)
    t.strictSame(documented.sort(), exportedBy(`lib/${part}/index.ts`).sort(), part)
  }
  for (const page of API_PAGES) t.notMatch(readPage(page), /: $/m, `each line of ${page} has a description`)
})

t.test('every stage of the tables is in the index', async t => {
  const index = await import('sluice') as Readonly<Record<string, unknown>>
  const inCode: Readonly<Record<string, string>> = { json: 'ndjson', text: 'textLines' }
  const ofSources = Object.keys(sources).map(name => inCode[name] ?? name)
  const names = [...ofSources, 'hf', ...Object.keys(transforms), 'ndjsonSink', 'npySink', 'textSink']
  for (const name of names) t.type(index[name], 'function', name)
})

t.test('every command and script that a page names exists', async t => {
  for (const name of Object.keys(commands)) t.ok(new RegExp(`\`${name}[\` ]`).test(everyPage), name)
  const { scripts } = JSON.parse(readPage('package.json')) as { scripts: Record<string, string> }
  for (const [, name] of `${everyPage}${readPage('CONTRIBUTING.md')}`.matchAll(/npm run (?:-s )?([a-z]+)/g)) {
    t.ok(scripts[name!], `npm run ${name}`)
  }
  t.match(readPage('README.md'), 'npm ci && npm run quickstart')
  t.match(readPage('README.md'), 'npm ci && npm test')
})

const linesOf = (text: string): number => text.split('\n').length - 1

t.test('pages are short, and long ones begin with a table of contents', async t => {
  const readme = readPage('README.md')
  const words = readme.trim().split(/\s+/).length
  t.ok(linesOf(readme) <= MOST_README_LINES, `README.md has ${linesOf(readme)} lines`)
  t.ok(words <= MOST_README_WORDS, `README.md has ${words} words`)
  for (const page of pages.filter(page => page !== 'README.md')) {
    const text = readPage(page)
    const lines = linesOf(text)
    t.ok(lines <= MOST_LINES, `${page} has ${lines} lines`)
    const sections = [...text.replace(/^```.*?^```$/gms, '').matchAll(/^## /gm)].length
    if (lines > SCREEN && sections > 1) {
      t.match(text.split('\n## ')[0], /^- \[.*\]\(#.*\)$/m, `${page} has a table of contents`)
    }
  }
})

/** The text of a page without its generated tables: their words are checked in the code. */
function writtenIn (page: string): string {
  const tables = /^<!-- \w+( \w+)? -->\n[^]*?^<!-- end -->$/gm
  return readPage(page).replace(tables, table => table.replace(/[^\n]/g, ''))
}

t.test('pages and examples contain none of the phrases to avoid', async t => {
  const examples = filesIn(join(ROOT, 'examples')).filter(name => !/\.(ndjson|md)$/.test(name))
  const texts = [...pages, 'CONTRIBUTING.md', ...examples.map(name => `examples/${name}`)]
  t.strictSame(texts.flatMap(page => phrasesIn(page, writtenIn(page))), [])
  t.strictSame(phrasesIn('a', 'one\nwhich is gone on with'), ['a:2: gone on with; write: resumed'])
})

t.test('code, its comments and the titles of its tests are without the worst of them', async t => {
  const own = ['test/phrases.ts', 'test/docs.test.ts']
  const files = ['lib', 'sources', 'transforms', 'sinks', 'recipes', 'scripts', 'test']
    .flatMap(folder => filesIn(join(ROOT, folder)).map(name => join(folder, name)))
    .filter(name => /\.(?:ts|mjs)$/.test(name) && !own.includes(name))
  t.ok(files.length > 500, `${files.length} files`)
  t.strictSame(files.flatMap(name => phrasesIn(name, readPage(name), PHRASES_EVERYWHERE)), [])
  t.strictSame(phrasesIn('a', "a stage of one\\'s own", PHRASES_EVERYWHERE).length, 1)
})

t.test('every link leads to a file and a heading that exist', async t => {
  t.strictSame([...pages, 'CONTRIBUTING.md', 'CHANGELOG.md'].flatMap(page => brokenLinks(page)), [])
  t.ok(anchorsIn('## Run records\n\n## `--restart`, again\n\n## Run records\n').has('run-records-1'))
  const folder = temporaryFolder(t)
  put(folder, 'a.md', '# A\n\n[a](#a) [b](#b) [c](c.md) [d](https://example.org) `[e](f.md)`\n')
  t.strictSame(brokenLinks('a.md', folder), ['a.md: #b', 'a.md: c.md'])
})

const THREADED = ['process-mixture', 'run', 'train-tokenizer', 'filter-corpus', 'shard-corpus', 'verify']

/** A command with flags that make it fast for small inputs: threads and NFKC tables are slow to start. */
function quickened (args: readonly string[]): string[] {
  const more = args[0] === 'train-tokenizer' ? ['--normalization-rule-name', 'identity', '--no-hard-vocab-limit'] : []
  const isThreaded = THREADED.includes(args[0]!)
  return [...args, ...more, ...isThreaded && !args.includes('--workers') ? ['--workers', '1'] : []]
}

/** Runs a shell block; without a shell, each command of a pipe gets the output of the previous one. */
async function runShell (t: Test, block: Block, cwd: string): Promise<void> {
  const lines = shellLines(block)
  if (isThorough()) {
    const npx = `npx () { shift; "${process.execPath}" dist/recipes/cli/main.js "$@"; }\nset -euo pipefail\n`
    const commandOf = (words: readonly string[]): string => `npx sluice ${words.map(word => `'${word}'`).join(' ')}`
    const script = lines.map(line => line.map(commandOf).join(' | ')).join('\n')
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

/** Runs a block of JavaScript or TypeScript; a comment after `console.log` states its output. */
async function runProgramIn (t: Test, { place, language, code }: Block, cwd: string): Promise<void> {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true }
  const program = language === 'js' ? code : ts.transpileModule(code, { compilerOptions }).outputText
  const name = `shown-${place.replace(/\W+/g, '-')}.mjs`
  put(cwd, name, replaceModel(program))
  const printed = await programPrints(name, [], cwd)
  for (const [, comment] of code.matchAll(/^.*console\.log\(.*\) \/\/ (.*)$/gm)) {
    t.match(`\n${printed}`, `\n${comment}\n`, place)
  }
  t.pass(place)
}

/** Reads a block of YAML: a manifest, or the filters of a component. */
async function readYaml (t: Test, { place, code }: Block, cwd: string): Promise<void> {
  const isFilters = code.startsWith('filters:')
  const component = '- name: shown\n  dataset: json\n  data_files: examples/mail.ndjson\n'
  const manifest = isFilters ? component + code.replace(/^/gm, '  ') : code
  const withStage = manifest.replaceAll('./my-stage.mjs', join(cwd, 'examples/my-stage.mjs'))
  const { datasets } = await readManifest(put(temporaryFolder(t), 'shown.yaml', withStage), knownStages)
  t.ok(datasets.length > 0, place)
}

/** Languages of blocks; those in Python are run by `npm run judges`. */
const RUN = ['sh', 'js', 'ts', 'yaml']
const NOT_RUN = ['python', 'text']

t.test('the code blocks in the pages run as written', async t => {
  await hubForCommands(t, { repos: [C4] })
  for (const page of pages) {
    const blocks = blocksIn(page)
    t.strictSame(blocks.filter(({ language }) => ![...RUN, ...NOT_RUN].includes(language)), [], 'languages')
    const shown = blocks.filter(({ language }) => RUN.includes(language))
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

t.test('a shell block that no test would run is found', async t => {
  const code = 'npm ci && npm test\nnpx sluice read a.ndjson |\n  npx sluice length --min-chars 3   # a note\n'
  const block = { place: 'a.md:1', language: 'sh', code }
  t.strictSame(shellLines(block), [[['read', 'a.ndjson'], ['length', '--min-chars', '3']]])
  const loop = 'for R in 0 1; do npx sluice task p --rank $R; done\n'
  const unrolled = ['0', '1'].map(rank => ['task', 'p', '--rank', rank])
  t.strictSame(shellLines({ ...block, code: loop }).flat(), unrolled)
  t.throws(() => shellLines({ ...block, code: 'sluice read a.ndjson\n' }), /a\.md:1: no test runs sluice read/)
})

t.test('the README and the changelog name the current version', async t => {
  t.match(readPage('README.md'), `/sluice-${packageVersion()}.tgz`)
  t.match(readPage('CHANGELOG.md'), `## ${packageVersion()}`)
})
