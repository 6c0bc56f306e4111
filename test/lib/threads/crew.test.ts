/** Worker threads and the main thread share work. */
import { setTimeout as wait } from 'node:timers/promises'
import { t } from '../../tap.ts'
import { Crew, type Helper, type Steps, inOneStep } from '../../../lib/threads/crew.ts'
import { failure } from '../../helpers.ts'

/** A thread that does its tasks, and reports which. */
class Puppet implements Helper<number, string> {
  readonly given: number[] = []
  readonly ready: Promise<void>
  readonly #ends: Array<() => void> = []
  load!: () => void

  constructor () {
    this.ready = new Promise<void>(resolve => { this.load = resolve })
  }

  run (task: number): Promise<string> {
    this.given.push(task)
    return new Promise(resolve => { this.#ends.push(() => { resolve(`${task} by a helper`) }) })
  }

  finish (): void {
    this.#ends.shift()!()
  }
}

/** Three steps for each task; the last one of task 7 fails. */
const inSteps = (isAsync: boolean) => async (task: number): Promise<Steps<string>> => {
  let left = 3
  return {
    get isDone () { return left === 0 },
    step () {
      left--
      if (task === 7 && left === 0) throw new Error('seven')
      return isAsync ? wait(1) : undefined
    },
    result: () => `${task} here`
  }
}

t.test('a helper gets two tasks once it is ready, and another one for each that it has finished', async t => {
  const [one, two] = [new Puppet(), new Puppet()]
  const crew = new Crew([one, two], null)
  const jobs = [0, 1, 2, 3, 4, 5].map(task => crew.add(task))
  await wait(5)
  t.strictSame([one.given, two.given], [[], []], 'a thread that is loading gets no task')
  one.load()
  await wait(5)
  t.strictSame([one.given, two.given], [[0, 1], []])
  two.load()
  await wait(5)
  t.strictSame([one.given, two.given], [[0, 1], [2, 3]])
  one.finish()
  t.equal(await jobs[0]!.take(), '0 by a helper')
  t.strictSame([one.given, two.given], [[0, 1, 4], [2, 3]])
  two.finish()
  two.finish()
  t.strictSame(await Promise.all([jobs[2]!.take(), jobs[3]!.take()]), ['2 by a helper', '3 by a helper'])
  t.strictSame([one.given, two.given], [[0, 1, 4], [2, 3, 5]])
})

for (const isAsync of [false, true]) {
  t.test(`a task that no helper has taken is done here; steps are ${isAsync ? '' : 'not '}awaited`, async t => {
    const helper = new Puppet()
    const crew = new Crew([helper], inSteps(isAsync))
    const jobs = [0, 1, 2, 3].map(task => crew.add(task))
    t.equal(await jobs[0]!.take(), '0 here')
    helper.load()
    await wait(0)
    t.strictSame(helper.given, [1, 2])
    const waiting = jobs[1]!.take()
    await wait(20)
    helper.finish()
    t.equal(await waiting, '1 by a helper')
    t.equal(await jobs[3]!.take(), '3 here', 'it was done during the wait for task 1')
  })
}

t.test('the main thread works on tasks before they are requested', async t => {
  let left = 10
  const done = new Promise<void>(resolve => {
    const step = (): void => { if (--left === 0) resolve() }
    new Crew<number, string>([], task =>
      Promise.resolve({ get isDone () { return left === 0 }, step, result: () => String(task) })).add(1)
  })
  await done
  t.equal(left, 0)
})

t.test('a failed task fails for its caller only; the next task is done', async t => {
  const crew = new Crew([], inSteps(false))
  const [seven, eight] = [crew.add(7), crew.add(8)]
  t.match(await failure(seven.take()), { message: 'seven' })
  t.equal(await eight.take(), '8 here')
})

t.test('a helper that can\'t load fails all tasks, as does an end', async t => {
  const crew = new Crew<number, string>([{
    ready: Promise.reject(new Error('no such model')), run: task => Promise.resolve(String(task))
  }], null)
  const before = crew.add(1)
  t.match(await failure(before.take()), { message: 'no such model' })
  t.match(await failure(crew.add(2).take()), { message: 'no such model' })
  const other = new Crew<number, string>([new Puppet()], null)
  const taking = failure(other.add(3).take())
  await wait(1)
  other.end(new Error('stopped'))
  t.match(await taking, { message: 'stopped' })
})

t.test('long tasks: a helper that has nothing to load gets one at once, and no task waits for it', async t => {
  const given: number[] = []
  const ends: Array<() => void> = []
  const helper: Helper<number, string> = {
    run: task => new Promise(resolve => {
      given.push(task)
      ends.push(() => { resolve(`${task} by a helper`) })
    })
  }
  const seen: string[] = []
  const crew = new Crew([helper], inOneStep(async task => {
    seen.push(`+${task}`)
    await wait(1)
    seen.push(`-${task}`)
    return `${task} here`
  }), { tasksEach: 1 })
  const futures = [0, 1, 2].map(task => crew.add(task))
  t.strictSame(given, [0])
  const taking = futures[0]!.take()
  await wait(20)
  ends[0]!()
  t.equal(await taking, '0 by a helper')
  t.strictSame(await Promise.all([futures[1]!.take(), futures[2]!.take()]), ['1 here', '2 here'])
  t.strictSame([given, seen], [[0], ['+1', '-1', '+2', '-2']], 'one at a time')
  await crew.end(new Error('stopped'))
})
