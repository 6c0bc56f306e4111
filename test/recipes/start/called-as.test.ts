import { t } from '../../tap.ts'
import { calledAs } from '../../../recipes/start/called-as.ts'

t.test('the shown command is the script in a checkout, and npx where it is installed', async t => {
  t.equal(calledAs(process.cwd()), 'node dist/recipes/cli/main.js')
  t.equal(calledAs('/srv/checkout').replace(/(?:\.\.\/)+/, ''), 'node srv/checkout/dist/recipes/cli/main.js')
  t.match(calledAs('/srv/my copy'), /^node '\S*srv\/my copy\/dist\/recipes\/cli\/main\.js'$/)
  t.equal(calledAs('/srv/project/node_modules/sluice'), 'npx sluice')
})
