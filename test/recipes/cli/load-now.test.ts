import { execFileSync } from 'node:child_process'
import { t } from '../../tap.ts'
import { loadNow } from '../../../recipes/cli/load-now.ts'
import { builtModule } from '../../helpers.ts'

t.test('import() finds what was loaded, and loads nothing again', async t => {
  const program = `
    const { loadNow } = await import(${JSON.stringify(builtModule('recipes/cli/load-now'))})
    await loadNow('./commands/schema.ts')
    const turns = []
    setImmediate(() => { turns.push('later') })
    const { schema } = await import(${JSON.stringify(builtModule('recipes/cli/commands/schema'))})
    process.stdout.write(schema.options.description + turns.join())
  `
  const shown = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  t.match(shown, /JSON/)
  t.notMatch(shown, /later/)
})

t.test('a turn of the event loop follows, and a module that is missing is left to import()', async t => {
  let isHandled = false
  setImmediate(() => { isHandled = true })
  await loadNow('./missing.ts')
  t.equal(isHandled, true)
})
