import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { t } from '../../tap.ts'
import { Stage, type StageOptions, type Work } from '../../../lib/stage/stage.ts'
import { closed, failure, through } from '../../helpers.ts'

/** Drops odd numbers, doubles the others, and emits their count at the end. */
function evens (
  options: StageOptions<number> = {},
  more: Partial<Work<number, number, { n: number }>> = {}
): Stage<number, number, { n: number }> {
  let n = 0
  return new Stage<number, number, { n: number }>({
    name: 'evens',
    take (number, push) {
      if (number % 2 === 1) return 'odd'
      n++
      push(number * 2)
      return undefined
    },
    finish (push) { push(n) },
    save: () => ({ n }),
    restore (state) { n = state.n },
    ...more
  }, options)
}

t.test('items are pushed, dropped with a reason, and counted', async t => {
  const stage = evens()
  t.strictSame(await through([1, 2, 3, 4], stage), [4, 8, 2])
  t.strictSame(stage.stats, { in: 4, out: 3, dropped: { odd: 2 } })
  t.equal(stage.stageName, 'evens')
})

t.test('rejects is called with each dropped item, and awaited', async t => {
  const kept: unknown[] = []
  let open = 0
  await through([1, 2, 3, 5], evens({
    async rejects (item, reason) {
      t.equal(++open, 1, 'one at a time')
      await new Promise(resolve => setImmediate(resolve))
      open--
      kept.push([item, reason])
    }
  }))
  t.strictSame(kept, [[1, 'odd'], [3, 'odd'], [5, 'odd']])
})

t.test('a rejects that throws or rejects fails the flow', async t => {
  await t.rejects(through([1], evens({ rejects: () => { throw new Error('full') } })), { message: 'full' })
  await t.rejects(through([1], evens({ rejects: () => Promise.reject(new Error('late')) })), { message: 'late' })
})

t.test('work may be asynchronous: opened before the first item, awaited for each, closed at the end', async t => {
  const log: string[] = []
  const stage = new Stage<number, number>({
    name: 'slow',
    async open () { log.push('open') },
    async take (item, push) {
      await new Promise(resolve => setImmediate(resolve))
      log.push(`take ${item}`)
      push(item)
      return item === 2 ? 'two, but pushed' : undefined
    },
    async finish () { log.push('finish') },
    async close () { log.push('close') }
  })
  t.strictSame(await through([1, 2], stage), [1, 2])
  await closed(stage)
  t.strictSame(log, ['open', 'take 1', 'take 2', 'finish', 'close'])
  t.strictSame(stage.stats.dropped, { 'two, but pushed': 1 })
})

t.test('an error anywhere in the work destroys the flow, keeps its identity, and closes the work', async t => {
  const cause = new Error('broken')
  const fail = (): never => { throw cause }
  for (const [step, work] of Object.entries<Partial<Work<number, number, { n: number }>>>({
    open: { open: async () => fail() },
    take: { take: fail },
    'take, late': { take: async () => fail() },
    finish: { finish: fail },
    'finish, late': { finish: async () => fail() }
  })) {
    let closed = 0
    const source = Readable.from([2, 4])
    const sink = new PassThrough({ objectMode: true }).resume()
    const stage = evens({}, { ...work, close () { closed++ } })
    t.equal(await failure(pipeline(source, stage, sink)), cause, step)
    t.ok(source.destroyed && stage.destroyed && sink.destroyed, `${step}: everything is destroyed`)
    t.equal(closed, 1, `${step}: closed once`)
  }
})

t.test('an error on closing does not hide an earlier one', async t => {
  await t.rejects(through(
    [2], evens({}, { take () { throw new Error('take') }, close () { throw new Error('close') } })
  ), { message: 'take' })
})

t.test('a saved state is resumed', async t => {
  const first = evens()
  await through([2, 2], first)
  const second = evens()
  second.restore(first.save()!)
  t.strictSame(await through([2], second), [4, 3])
})

t.test('a stage without state saves null and restores nothing', async t => {
  const stage = new Stage<number, number>({ name: 'plain', take: () => undefined })
  t.equal(stage.save(), null)
  t.throws(() => { stage.restore(null) }, { code: 'ERR_STATE', message: /plain/ })
})

t.test('a signal destroys a stage', async t => {
  const stop = new AbortController()
  const stage = evens({ signal: stop.signal })
  const ended = t.rejects(through(endless(), stage), { name: 'AbortError' })
  setImmediate(() => { stop.abort() })
  await ended
  t.ok(stage.destroyed)
})

t.test('highWaterMark is the number of items held', async t => {
  const stage = evens({ highWaterMark: 3 })
  t.equal(stage.readableHighWaterMark, 3)
  t.equal(stage.writableHighWaterMark, 3)
})

async function * endless (): AsyncGenerator<number> {
  for (;;) {
    await new Promise(resolve => setImmediate(resolve))
    yield 1
  }
}

t.test('a rejection without an error still fails with an error', async t => {
  t.match(
    await failure(through([2], evens({}, { take: async () => { throw undefined } }))),
    { message: 'rejected without an error' }
  )
})

t.test('the work is not closed while it handles an item', async t => {
  const log: string[] = []
  const stop = new AbortController()
  const stage = new Stage<number, number>({
    name: 'slow',
    async take () {
      stop.abort()
      await new Promise(resolve => setTimeout(resolve, 20))
      log.push('taken')
      return undefined
    },
    close () { log.push('closed') }
  })
  await failure(pipeline(
    Readable.from([1, 2]), stage, new PassThrough({ objectMode: true }).resume(), { signal: stop.signal }
  ))
  await closed(stage)
  t.strictSame(log, ['taken', 'closed'])
})
