import { t } from '../tap.ts'
import { setHubEnvironment } from './environment.ts'
import { hostileRuns } from './hostile.ts'

t.teardown(setHubEnvironment({}))

t.test('a hostile Hub causes a clear error and no other request', async t => {
  t.strictSame(await hostileRuns(), [])
})
