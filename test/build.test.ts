/** When the build is out of date, and what it leaves. */
import { accessSync, constants, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { t } from './tap.ts'
import { ROOT, put, runProgram, temporaryFolder } from './helpers.ts'

t.test('a build is out of date if a source or a build input is newer', async t => {
  const folder = temporaryFolder(t)
  const program = `
    import { staleness } from ${JSON.stringify(pathToFileURL(join(ROOT, 'scripts/stale.mjs')).href)}
    const { areKernelsOld, oldSources } = staleness(['package-lock.json'])
    console.log(JSON.stringify([areKernelsOld(), ...oldSources(['lib']).map(([source]) => source)]))`
  const old = (): unknown => JSON.parse(runProgram(process.execPath, ['--input-type=module', '-e', program], folder))
  const writtenAt = (name: string, seconds: number): void => { utimesSync(put(folder, name, ''), seconds, seconds) }
  const built = ['dist/lib/a.js', 'dist/lib/b.js', 'dist/lib/kernels/fasttext.wasm']
  for (const name of ['package-lock.json', 'lib/a.ts', 'lib/b.ts', 'lib/types.d.ts', 'lib/kernels/fasttext/index.ts']) {
    writtenAt(name, 1000)
  }
  t.strictSame(old(), [true, 'lib/a.ts', 'lib/b.ts'], 'nothing is rebuilt')
  utimesSync(join(folder, 'lib/kernels/fasttext'), 1000, 1000)
  for (const name of built) writtenAt(name, 2000)
  t.strictSame(old(), [false], 'everything is rebuilt')
  writtenAt('lib/b.ts', 3000)
  t.strictSame(old(), [false, 'lib/b.ts'])
  writtenAt('lib/kernels/fasttext/index.ts', 3000)
  t.strictSame(old(), [true, 'lib/b.ts'])
  writtenAt('package-lock.json', 3000)
  t.strictSame(old(), [true, 'lib/a.ts', 'lib/b.ts'])
})

t.test('a build makes the commands executable, as npm does only when it links them first', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'package.json', JSON.stringify({ bin: { sluice: 'dist/main.js' } }))
  const file = put(folder, 'dist/main.js', '')
  if (process.platform !== 'win32') t.equal(statSync(file).mode & 0o111, 0)
  runProgram(process.execPath, [join(ROOT, 'scripts/make-executable.mjs')], folder)
  t.doesNotThrow(() => { accessSync(file, constants.X_OK) })
  t.doesNotThrow(() => { accessSync(join(ROOT, 'dist/recipes/cli/main.js'), constants.X_OK) }, 'the build has run it')
})
