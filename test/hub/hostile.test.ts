import { t } from '../tap.ts'
import { setHubEnvironment } from './environment.ts'
import { hostileRuns } from './hostile.ts'

t.teardown(setHubEnvironment({}))

t.test('a Hub that means harm: each way ends in an error that says what is wrong, and nothing else is asked for', async t => {
  t.strictSame(await hostileRuns(), [])
})
