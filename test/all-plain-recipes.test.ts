/** Half of the tests in `*.plain.ts`: see all-plain.test.ts. */
import { runPlainly } from './plainly.ts'

await runPlainly(file => file.startsWith('recipes/'))
