/** What is exported, and what importing does. `house.test.ts` checks which file may import which. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { t } from './tap.ts'
import { transforms } from '../recipes/stages.ts'
import { command } from './commands.ts'
import { ROOT, builtModule, filesIn } from './helpers.ts'
import { FOLDERS, sourcesIn } from './house.ts'

const files = FOLDERS.flatMap(sourcesIn)

t.test('every file with tests is named *.test.ts, so that the runner finds it', async t => {
  const others = filesIn(join(ROOT, 'test')).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  t.strictSame(others.filter(name => /^import (?:t\b.* from 'tap'|\{.*\bt\b.*\} from '[./]+tap\.ts')/m.test(
    readFileSync(join(ROOT, 'test', name), 'utf8')
  )), [])
})

/** The files that these import, themselves included, and the packages. Imports that run later don't count. */
function loadedWith (...started: string[]): { files: string[], packages: string[] } {
  const reached = new Set(started)
  const packages = new Set<string>()
  for (const file of reached) { // including those that are added during the loop
    for (const [, specifier] of readFileSync(join(ROOT, file), 'utf8')
      .matchAll(/^(?:import|export) (?!type )[^']*from '([^']+)'/gm)) {
      if (specifier!.startsWith('.')) reached.add(relative(ROOT, resolve(ROOT, dirname(file), specifier!)))
      else if (!specifier!.startsWith('node:')) packages.add(specifier!)
    }
  }
  return { files: [...reached], packages: [...packages].sort() }
}

const MAIN = ['recipes/cli/main.ts', 'recipes/cli/cli.ts']

t.test('the command line loads no recipe, stage or source before it knows the command', async t => {
  const { files, packages } = loadedWith(...MAIN)
  t.strictSame(files.filter(file => !/^(?:lib|recipes\/(?:cli|flow))\//.test(file)), [])
  t.strictSame(files.filter(file => file.startsWith('recipes/cli/commands/')), [])
  t.strictSame(packages, ['commander', 'fastest-levenshtein', 'xxhash-wasm', 'zod'])
})

t.test('a command loads few packages at its start; other packages are loaded by the code that uses them', async t => {
  const commands = filesIn(join(ROOT, 'recipes/cli/commands')).map(name => `recipes/cli/commands/${name}`)
  t.ok(commands.length > 10)
  const { packages } = loadedWith(...MAIN, ...commands)
  t.strictSame(packages, ['commander', 'fastest-levenshtein', 'split2', 'xxhash-wasm', 'zod'])
})

t.test('a tokenizer loads no package that takes longer than its model', async t => {
  const packagesOf = (...names: string[]): string[] => loadedWith(...names.map(name => `lib/${name}.ts`)).packages
  const model = ['tokenizer/sentencepiece', 'sentencepiece/model', 'sentencepiece/unigram', 'bpe/load-sentencepiece']
  t.strictSame(packagesOf('tokenizer/tokenizer', ...model), [])
  t.strictSame(packagesOf('tokenizer/tokenizer', 'tokenizer/json-or-ranks'), ['unicode-segmenter/grapheme'])
})

t.test('a stage\'s file, factory, command and sub-path have the same name', async t => {
  t.strictSame(Object.keys(transforms).sort(), readdirSync(join(ROOT, 'transforms'))
    .filter(name => name.endsWith('.ts')).map(name => name.replace('.ts', '')).sort())
  for (const name of Object.keys(transforms)) {
    const module = await import(`sluice/transforms/${name}`) as Record<string, unknown>
    t.type(module[name], 'function', name)
  }
})

t.test('no module has a default export', async t => {
  const contents = files.map(file => [file, readFileSync(join(ROOT, file), 'utf8')] as const)
  t.strictSame(contents.filter(([, content]) => /^export default/m.test(content)).map(([file]) => file), [])
})

t.test('every module can be imported, and importing it doesn\'t keep the process running', async t => {
  const modules = files.filter(file => file !== 'recipes/cli/main.ts').map(file => builtModule(file.replace('.ts', '')))
  const program = `
    const events = ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'exit']
    const held = () => events.map(event => process.listenerCount(event)).join()
    const before = held()
    for (const module of ${JSON.stringify(modules)}) await import(module)
    await import('sluice')
    const { default: assert } = await import('node:assert')
    assert.equal(held(), before)`
  // env -i: the test runner adds listeners to every process that inherits its environment
  t.equal(execFileSync('env', ['-i', process.execPath, '--input-type=module', '-e', program], {
    cwd: ROOT, encoding: 'utf8'
  }), '')
})

t.test('the package contains the files it needs and no others', async t => {
  const { code, stdout } = await command(['--version'])
  t.match({ code, stdout }, { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
  const { files: packed, bin, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    files: string[]
    bin: Record<string, string>
    exports: Record<string, string>
  }
  for (const path of [bin.sluice!, exports['.']!]) {
    t.ok(packed.some(entry => path.replace('./', '').startsWith(entry)), `${path} is packed`)
  }
})
