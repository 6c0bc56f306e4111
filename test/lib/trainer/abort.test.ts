import { execFileSync } from 'node:child_process'
import { t } from '../../tap.ts'
import { StepPool, throwIfAborted } from '../../../lib/trainer/step-pool.ts'
import { ROOT, builtModule } from '../../helpers.ts'
import { buildOf, drawnLines, trainPlain } from './corpora.ts'

const lines = drawnLines().slice(0, 200)
const stopped = { code: 'ERR_ABORTED', message: 'training: stopped' }

t.test('an abort before the start', async t => {
  const signal = AbortSignal.abort(new Error('mine'))
  let isRead = false
  const texts = function * (): Generator<string> {
    isRead = true
    yield 'a'
  }
  await t.rejects(trainPlain(texts(), { signal }), { ...stopped, cause: { message: 'mine' } })
  t.notOk(isRead)
  await t.rejects(trainPlain([], { signal }), stopped)
})

t.test('an abort while texts are read', async t => {
  const controller = new AbortController()
  let isClosed = false
  const endless = function * (): Generator<string> {
    try {
      for (;;) yield 'a text '.repeat(1000)
    } finally {
      isClosed = true
    }
  }
  setTimeout(() => { controller.abort() }, 20)
  await t.rejects(trainPlain(endless(), { signal: controller.signal }), stopped)
  t.ok(isClosed)
  const empty = new AbortController()
  setTimeout(() => { empty.abort() }, 20)
  await t.rejects(trainPlain((function * () {
    for (;;) {
      yield ''
    }
  })(), { signal: empty.signal }), stopped, 'also with empty texts')
})

t.test('an abort during training', async t => {
  for (const wanted of ['seed', 'train'] as const) {
    const controller = new AbortController()
    const phases: string[] = []
    await t.rejects(trainPlain(lines, {
      vocabSize: 200,
      signal: controller.signal,
      onProgress: ({ phase }) => {
        phases.push(phase)
        if (phase === wanted) controller.abort()
      }
    }), stopped)
    t.equal(phases.at(-1), wanted, 'no progress follows')
  }
})

t.test('an abort with threads ends them all', t => {
  const program = `
    const { drawnLines, trainPlain } = await import(${JSON.stringify(builtModule('test/lib/trainer/corpora'))})
    const text = drawnLines().slice(0, 1000).join('\\n')
    const controller = new AbortController()
    const onProgress = ({ phase, round }) => {
      if (phase === 'train' && round === 2) setTimeout(() => { controller.abort() }, 5)
    }
    const options = { vocabSize: 500, workers: 2, signal: controller.signal, onProgress }
    const { code } = await trainPlain([text], options).catch(error => error)
    console.log(code)
    await trainPlain([text.slice(0, 10_000)], { vocabSize: 200, workers: 2 })
    console.log(process.getActiveResourcesInfo().filter(name => /Worker|MessagePort/.test(name)).length)`
  const printed = execFileSync(
    process.execPath,
    ['--input-type=module', '-e', program],
    { cwd: ROOT, encoding: 'utf8', timeout: 60_000 }
  )
  t.equal(printed, 'ERR_ABORTED\n0\n', 'the process ends')
  t.end()
})

t.test('errors in steps', async t => {
  const { lattice } = buildOf('a b')
  const pool = new StepPool(1)
  await t.rejects(
    pool.run({ ...lattice, counts: null as unknown as Float64Array }, { step: 'expect', size: 1, isStale: false }),
    TypeError
  )
  await pool.close()
  t.doesNotThrow(() => { throwIfAborted(undefined) })
  t.doesNotThrow(() => { throwIfAborted(new AbortController().signal) })
})
