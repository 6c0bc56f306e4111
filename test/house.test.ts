/**
 * The structure of the code: which file may import which, and how many entries a folder, and lines a file, may have.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { t } from './tap.ts'
import { ROOT, filesIn } from './helpers.ts'
import { FOLDERS, floorsOf, importsOf, roomImports, sourcesIn } from './house.ts'

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib'],
  sources: ['lib'],
  transforms: ['lib'],
  sinks: ['lib'],
  recipes: [...FOLDERS]
}

/** Folders of `lib` that may import neither file nor stream modules. */
const FORMATS = ['hub', 'parquet', 'arrow', 'zstd', 'columns', 'sentencepiece', 'fasttext']
const STREAMS = ['input', 'output', 'records', 'stage']

const MOST_FLOORS = 8
const MOST_LINES = 300
const MOST_TEST_LINES = 400
const MEDIAN_LINES = 100
const MOST_LOOSE = 12
const MOST_RECIPES = 30

const files = FOLDERS.flatMap(sourcesIn)
const imports = importsOf(files)
const linesOf = (file: string): number => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1

/** Imports that break a rule. */
function forbidden (isAllowed: (file: string, target: string) => boolean): string[] {
  return [...imports].flatMap(([file, targets]) =>
    targets.filter(target => !isAllowed(file, target)).map(target => `${file} imports ${target}`))
}

t.test('imports go one way: from recipes to sources, transforms and sinks, and from these to lib', async t => {
  t.ok([...imports.values()].flat().length > 1000, 'imports are found')
  t.strictSame(forbidden((file, target) => MAY_IMPORT[file.split('/')[0]!]!.includes(target.split('/')[0]!)), [])
})

t.test('no stage imports another stage', async t => {
  const isStage = (file: string): boolean => /^(sources|transforms|sinks)\//.test(file)
  t.strictSame(forbidden((file, target) => !(isStage(file) && isStage(target))), [])
})

t.test('format modules import neither file nor stream modules', async t => {
  const isIn = (rooms: readonly string[], file: string): boolean => rooms.some(room => file.startsWith(`lib/${room}/`))
  t.strictSame(forbidden((file, target) => !(isIn(FORMATS, file) && isIn(STREAMS, target))), [])
})

t.test('there are no import cycles between files or between folders', async t => {
  t.strictSame(floorsOf(imports).circle, [])
  t.strictSame(floorsOf(roomImports(imports)).circle, [])
  t.strictSame(floorsOf(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]])).circle, ['b', 'c', 'b'], 'finds cycles')
})

t.test(`there are ${MOST_FLOORS} layers of folders from the lowest to recipes`, async t => {
  const { floors } = floorsOf(roomImports(imports))
  t.ok(floors.get('recipes')! <= MOST_FLOORS, [...floors].map(([room, floor]) => `${floor} ${room}`).sort().join('\n'))
  t.equal(floorsOf(new Map([['a', ['b', 'c']], ['b', ['c']], ['c', []]])).floors.get('a'), 3)
})

t.test('folders have a limited number of entries, and files a limited length', async t => {
  const loose = readdirSync(join(ROOT, 'lib'), { withFileTypes: true }).filter(entry => entry.isFile())
  t.ok(loose.length <= MOST_LOOSE, 'loose files in lib')
  t.ok(readdirSync(join(ROOT, 'recipes')).length <= MOST_RECIPES, 'entries in recipes')
  const all = FOLDERS.flatMap(folder => filesIn(join(ROOT, folder)).map(name => join(folder, name)))
    .filter(name => name.endsWith('.ts'))
  const lines = all.map(linesOf).sort((a, b) => a - b)
  t.ok(lines[lines.length >> 1]! < MEDIAN_LINES, 'median')
  t.strictSame(all.filter(file => linesOf(file) > MOST_LINES), [])
  const tests = filesIn(join(ROOT, 'test')).filter(name => name.endsWith('.ts')).map(name => join('test', name))
  t.strictSame(tests.filter(file => linesOf(file) > MOST_TEST_LINES), [])
})
