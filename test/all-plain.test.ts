/** Half of the tests in `*.plain.ts`; named so that the runner begins with both halves. */
import { runPlainly } from './plainly.ts'

await runPlainly(file => !file.startsWith('recipes/'))
