import { t } from '../../tap.ts'
import { schedule } from '../../../recipes/jobs/schedule.ts'

const turn = (n: number): Promise<void> => new Promise(resolve => setTimeout(resolve, n))

t.test('the number of concurrent jobs is limited, and outcomes are in the order of the jobs', async t => {
  for (const atOnce of [1, 2, 3, 9]) {
    let running = 0
    let most = 0
    const outcomes = await schedule([5, 1, 3, 2, 4, 1].map((ms, i) => ({
      name: `job ${i}`,
      async run () {
        most = Math.max(most, ++running)
        await turn(ms)
        running--
        return ms
      }
    })), atOnce)
    t.strictSame(outcomes, [5, 1, 3, 2, 4, 1].map((result, i) => ({ name: `job ${i}`, result })))
    t.equal(most, Math.min(atOnce, 6))
  }
})

t.test('a job that fails, even synchronously, is reported and stops no other job', async t => {
  const cause = new Error('broken')
  const outcomes = await schedule([
    { name: 'a', run: () => { throw cause } },
    { name: 'b', run: async () => { await turn(2); throw cause } },
    { name: 'c', run: async () => 'fine' }
  ], 2)
  t.strictSame(outcomes, [{ name: 'a', error: cause }, { name: 'b', error: cause }, { name: 'c', result: 'fine' }])
  t.strictSame(await schedule([], 2), [])
  t.strictSame(await schedule([{ name: 'a', run: () => { throw cause } }], 2), [{ name: 'a', error: cause }])
})
