/** Custom modules: how they are found, and the errors for modules that don't export a stage. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { t } from '../../tap.ts'
import { findStageModule, loadStageModule } from '../../../lib/stage/module.ts'
import { readManifest } from '../../../recipes/manifest/read.ts'
import { knownStages } from '../../../recipes/stages.ts'
import { builtModule, doc, failure, pattern, put, temporaryFolder } from '../../helpers.ts'

const IMPORT = `import { Stage } from '${builtModule('lib/stage/stage')}'\n`
const STAGE = 'new Stage({ name: \'own\', take (document, push) { push(document) } })'

const load = async (module: string, options = {}): Promise<Awaited<ReturnType<typeof loadStageModule>>> =>
  await loadStageModule(await findStageModule(module), options)

t.test('a stage may be an export named stage, a default export, or CommonJS', async t => {
  const folder = temporaryFolder(t)
  const ways = {
    'named.mjs': `${IMPORT}export const other = 1\nexport function stage (options) { return ${STAGE} }`,
    'default.mjs': `${IMPORT}export default options => ${STAGE}`,
    'exports.cjs': 'const { Stage } = require(\'node:module\').createRequire(__filename)(\'./stage.cjs\'); ' +
      `exports.stage = options => ${STAGE}`,
    'whole.cjs': `const { Stage } = require('./stage.cjs'); module.exports = options => ${STAGE}`
  }
  put(folder, 'stage.cjs', 'exports.Stage = class { constructor (work) { this.work = work } }')
  for (const [name, content] of Object.entries(ways)) {
    const path = put(folder, name, content)
    const module = await load(relative(process.cwd(), path))
    t.match(module, { stageName: 'own', inOrder: null, path, sha256: /^[0-9a-f]{64}$/ }, name)
    const pushed: unknown[] = []
    t.equal(module.work().take(doc('a', 'text'), item => pushed.push(item)), undefined)
    t.strictSame(pushed, [doc('a', 'text')])
  }
})

t.test('a package in the working directory is found; a file of that name takes precedence', async t => {
  const folder = temporaryFolder(t)
  const before = process.cwd()
  t.teardown(() => { process.chdir(before) })
  process.chdir(folder)
  put(folder, 'node_modules/own-stage/package.json', '{ "name": "own-stage", "type": "module", "exports": { ".": ' +
    '"./main.js", "./x": { "import": "./main.js" } } }')
  const main = put(folder, 'node_modules/own-stage/main.js', `${IMPORT}export default () => ${STAGE}`)
  t.match(await load('own-stage'), { module: 'own-stage', path: main })
  t.match(await failure(load('own-stage/x')), {
    code: 'ERR_OPTION', message: /^own-stage\/x: .*; name the file itself, such as \.\/node_modules/
  })
  put(folder, 'own-stage', '')
  t.match(await findStageModule('own-stage'), { path: join(folder, 'own-stage') })
})

t.test('a stage states why it needs documents in order', async t => {
  const folder = temporaryFolder(t)
  const reasons = {
    'save () {}, restore () {}': 'it keeps state',
    'save () {}, restore () {}, finish () {}': 'it keeps state',
    'key: () => 1n': 'it compares documents',
    'several: true': 'it makes several documents of one',
    'several: false, open () {}, close () {}': null
  }
  for (const [i, [members, reason]] of Object.entries(reasons).entries()) {
    t.equal((await load(put(folder, `${i}.mjs`, `${IMPORT}export const stage = () => new Stage({ name: 'own', take ` +
      `() {}, ${members} })`))).inOrder, reason, members)
  }
})

t.test('a changed module is loaded again with its options; a module that changes during a run is refused', async t => {
  for (const name of ['own.mjs', 'own.cjs']) {
    const folder = temporaryFolder(t)
    const content = (suffix: string): string =>
      `${name.endsWith('cjs') ? 'exports.stage =' : 'export const stage ='} options => ({ work: { name: ` +
        `options.its_name + '${suffix}', take () {} } })`
    const path = put(folder, name, content('1'))
    const options = { its_name: 'name', deep: { a: 1 } }
    const file = await findStageModule(path)
    t.equal((await loadStageModule(file, options)).stageName, 'name1')
    writeFileSync(path, content('2'))
    t.equal((await load(path, options)).stageName, 'name2', name)
    t.match(await failure(loadStageModule(file, options)), {
      code: 'ERR_OPTION', message: /own\.[mc]js: was changed while it is in use: has SHA-256 .*; start again$/
    })
  }
  const greedy = put(temporaryFolder(t), 'greedy.mjs', 'export const stage = options => ({ work: { name: ' +
    '\'own\' + ++options.deep.a, take () {} } })')
  const module = await load(greedy, { deep: { a: 1 } })
  t.equal(module.work().name, 'own2', 'each call has separate options')
})

const MISTAKES: Readonly<Record<string, readonly [content: string, says: RegExp]>> = {
  'it is not JavaScript': ['export function {', /: can't be imported: .*; `node .*own\.mjs` shows where$/],
  'it throws on import': ['throw new Error("no model here")', /: can't be imported: no model here; `node/],
  'it lacks sluice': [
    'import { Stage } from \'sluice\'',
    /can't be imported: Cannot find package 'sluice'.*; install sluice in a folder above the module$/
  ],
  'it exports nothing': ['', /: exports nothing; expected `export function stage \(options\)`/],
  'it exports something else': [
    'export const stages = 1, stage = 2',
    /: exports only stage, stages, and none of them is a function stage or default; expected/
  ],
  'it throws when it is called': [
    'export const stage = () => { throw new Error("min_words: expected a number") }',
    /: its function stage has failed: min_words: expected a number; are its options right\?$/
  ],
  'it returns nothing': [
    'export const stage = () => {}',
    /: its function stage returned undefined, expected a Stage: new Stage\(\{ name, take \}\)$/
  ],
  'it returns a function': ['export const stage = () => text => text', /returned a function, expected/],
  'it returns only the work': [
    'export const stage = () => ({ name: "own", take () {} })', /returned an object with name, take, expected a Stage/
  ],
  'it returns a promise': [
    'export const stage = async () => { throw new Error("late") }',
    /returned a promise, expected a Stage; what must be awaited belongs in the stage's `open`$/
  ],
  'its stage has no name': ['export const stage = () => ({ work: { take () {} } })', /a Stage that has no name$/],
  'its stage has no take': [
    'export const stage = () => ({ work: { name: "own" } })', /a Stage that has no function take$/
  ],
  'it only saves': [
    'export const stage = () => ({ work: { name: "own", take () {}, save () {} } })',
    /only one of save and restore/
  ],
  'it holds back without saving': [
    'export const stage = () => ({ work: { name: "own", take () {}, finish () {} } })',
    /finish without save and restore: what it holds until the end would be lost/
  ],
  'it opens with something else': [
    'export const stage = () => ({ work: { name: "own", take () {}, open: 1 } })',
    /a Stage that has open, which is not a function$/
  ]
}

t.test('a module that is no stage is a mistake in the manifest, with its position', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.txt', '')
  const manifest = (use: string): string =>
    put(folder, 'm.yaml', `- name: a\n  dataset: text\n  data_files: ${folder}/a.txt\n  filters:\n    - use: ${use}\n`)
  for (const [name, [content, says]] of Object.entries(MISTAKES)) {
    const path = put(folder, `${name.replaceAll(' ', '-')}/own.mjs`, content)
    const error = await failure(readManifest(manifest(path), knownStages)) as Error
    t.match(error, { code: 'ERR_MANIFEST' }, name)
    t.ok(error.message.startsWith(`${folder}/m.yaml:5:12: ${path}: `), error.message)
    t.match(error.message.split('\n')[0], says, name)
  }
  mkdirSync(join(folder, 'stages'))
  for (const [use, says] of [
    [
      './none.js',
      pattern(
        /^.*m\.yaml:5:12: \.\/none\.js: no such file in .*; /,
        /a module is named by its path from the working directory, or as a package$/
      )
    ],
    ['none-such-package', /5:12: none-such-package: no such file in .*, and no such package is installed there;/],
    [`${folder}/stages`, /stages: is a folder, expected a module/],
    ['3', /5:7: expected the path of a module|5:12: expected the path of a module/],
    [
      '{ min_words: 3 }',
      pattern(
        /5:12: expected the path of a module, or module with its path, and options: /,
        /use: \{ module: \.\/my-stage\.js, min_words: 3 \}$/
      )
    ],
    [
      '{ module: ./none.js, expect: { kept: 2 } }',
      /5:22: \.\/none\.js: no such file.*\n.*5:49: expected at most 1, got 2/
    ]
  ] as const) {
    t.match(
      await failure(readManifest(manifest(use), knownStages)), { code: 'ERR_MANIFEST', message: says }, use
    )
  }
  const good = put(folder, 'good.mjs', `${IMPORT}export const stage = () => ${STAGE}`)
  t.match(
    await failure(readManifest(manifest(`{ module: ${good}, expect: { kept: 2 } }`), knownStages)),
    { message: /expected at most 1, got 2/ }
  )
  const { datasets: [component] } = await readManifest(manifest(`{ module: ${good}, min_words: 3, expect: { kept: ` +
    '0.5 } }'), knownStages)
  t.match(component!.filters, [{
    stage: 'use', options: { min_words: 3 }, expect: { kept: 0.5 }, module: { stageName: 'own', path: good }
  }])
})
