/** Which file may import which, what is exported, and what importing does. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { t } from './tap.ts'
import { transforms } from '../recipes/stages.ts'
import { command } from './commands.ts'
import { ROOT, builtModule, filesIn } from './helpers.ts'

const FOLDERS = ['lib', 'sources', 'transforms', 'sinks', 'recipes'] as const
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib'],
  sources: ['lib'],
  transforms: ['lib'],
  sinks: ['lib'],
  recipes: [...FOLDERS]
}

const files = FOLDERS.flatMap(folder => filesIn(join(ROOT, folder)).map(name => join(folder, name)))
  .filter(name => /(?<!\.d)\.ts$/.test(name) && !/^lib\/kernels\/.*\//.test(name)) // AssemblyScript

t.test('arrows point one way, and a stage never imports another stage', async t => {
  const wrong: string[] = []
  let seen = 0
  for (const file of files) {
    const folder = file.split('/')[0]!
    for (const [, specifier] of readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from |import |import\()'(\.[^']+)'/g)) {
      const target = relative(ROOT, resolve(ROOT, dirname(file), specifier!)).split('/')[0]!
      if (!MAY_IMPORT[folder]!.includes(target)) wrong.push(`${file} imports ${specifier}`)
      seen++
    }
  }
  t.strictSame(wrong, [])
  t.ok(seen > 100, `${seen} imports were looked at`)
})

t.test('a file of tests is named *.test.ts, or it would not be run', async t => {
  const others = filesIn(join(ROOT, 'test')).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  t.strictSame(others.filter(name => /^import (?:t\b.* from 'tap'|\{.*\bt\b.*\} from '[./]+tap\.ts')/m.test(readFileSync(join(ROOT, 'test', name), 'utf8'))), [])
})

t.test('a command starts with few packages: the others are loaded by what uses them', async t => {
  const started = new Set(['recipes/cli/main.ts', 'recipes/cli/cli.ts'])
  const packages = new Set<string>()
  for (const file of started) { // those that are added on the way too
    for (const [, specifier] of readFileSync(join(ROOT, file), 'utf8').matchAll(/^(?:import|export) (?!type )[^']*from '([^']+)'/gm)) {
      if (specifier!.startsWith('.')) started.add(relative(ROOT, resolve(ROOT, dirname(file), specifier!)))
      else if (!specifier!.startsWith('node:')) packages.add(specifier!)
    }
  }
  t.strictSame([...packages].sort(), ['commander', 'fastest-levenshtein', 'split2', 'xxhash-wasm', 'zod'])
})

t.test('a stage\'s file, its factory, its command and its sub-path have one name', async t => {
  t.strictSame(Object.keys(transforms).sort(), readdirSync(join(ROOT, 'transforms')).map(name => name.replace('.ts', '')).sort())
  for (const name of Object.keys(transforms)) {
    const module = await import(`sluice/transforms/${name}`) as Record<string, unknown>
    t.type(module[name], 'function', name)
  }
})

t.test('no default exports, and no file that needs much scrolling', async t => {
  const contents = files.map(file => [file, readFileSync(join(ROOT, file), 'utf8')] as const)
  t.strictSame(contents.filter(([, content]) => /^export default/m.test(content)).map(([file]) => file), [])
  const lengths = contents.map(([file, content]) => [file, content.split('\n').length] as const)
  t.strictSame(lengths.filter(([, lines]) => lines > 300), [])
})

t.test('every module can be imported, and importing holds nothing: the process ends by itself', async t => {
  const modules = files.filter(file => file !== 'recipes/cli/main.ts').map(file => builtModule(file.replace('.ts', '')))
  const program = `
    const held = () => ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'exit'].map(event => process.listenerCount(event)).join()
    const before = held()
    for (const module of ${JSON.stringify(modules)}) await import(module)
    await import('sluice')
    const { default: assert } = await import('node:assert')
    assert.equal(held(), before)`
  // env -i: the test runner puts listeners of its own on every process that inherits its environment
  t.equal(execFileSync('env', ['-i', process.execPath, '--input-type=module', '-e', program], { cwd: ROOT, encoding: 'utf8' }), '')
})

t.test('what the package holds is what it needs', async t => {
  const { code, stdout } = await command(['--version'])
  t.match({ code, stdout }, { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
  const { files: packed, bin, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[], bin: Record<string, string>, exports: Record<string, string> }
  for (const path of [bin.sluice!, exports['.']!]) t.ok(packed.some(entry => path.replace('./', '').startsWith(entry)), `${path} is packed`)
})
