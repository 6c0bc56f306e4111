import { execFileSync } from 'node:child_process'
import t from 'tap'
import { StepPool, throwIfAborted } from '../../../lib/trainer/step-pool.ts'
import { trainUnigram } from '../../../lib/trainer/train-unigram.ts'
import { ROOT, builtModule } from '../../helpers.ts'
import { buildOf, drawnLines } from './corpora.ts'

const lines = drawnLines().slice(0, 200)
const stopped = { code: 'ERR_ABORTED', message: 'training: stopped' }

t.test('before it begins', async t => {
  const signal = AbortSignal.abort(new Error('mine'))
  let isRead = false
  const texts = function * (): Generator<string> {
    isRead = true
    yield 'a'
  }
  await t.rejects(trainUnigram(texts(), { signal }), { ...stopped, cause: { message: 'mine' } })
  t.notOk(isRead)
  await t.rejects(trainUnigram([], { signal }), stopped)
})

t.test('while texts are read', async t => {
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
  await t.rejects(trainUnigram(endless(), { signal: controller.signal }), stopped)
  t.ok(isClosed)
  const empty = new AbortController()
  setTimeout(() => { empty.abort() }, 20)
  await t.rejects(trainUnigram((function * () { for (;;) yield '' })(), { signal: empty.signal }), stopped, 'be they empty')
})

t.test('in the midst of training', async t => {
  for (const wanted of ['seed', 'train'] as const) {
    const controller = new AbortController()
    const phases: string[] = []
    await t.rejects(trainUnigram(lines, {
      vocabSize: 200,
      signal: controller.signal,
      onProgress: ({ phase }) => {
        phases.push(phase)
        if (phase === wanted) controller.abort()
      }
    }), stopped)
    t.equal(phases.at(-1), wanted, 'nothing comes after it')
  }
})

t.test('with threads, of which none is left', t => {
  const program = `
    const [{ trainUnigram }, { drawnLines }] = await Promise.all(${JSON.stringify(['lib/trainer/train-unigram', 'test/lib/trainer/corpora'].map(builtModule))}.map(module => import(module)))
    const text = drawnLines().join('\\n')
    const controller = new AbortController()
    const onProgress = ({ phase, round }) => {
      if (phase === 'train' && round === 2) setTimeout(() => { controller.abort() }, 5)
    }
    const { code } = await trainUnigram([text], { vocabSize: 500, workers: 2, signal: controller.signal, onProgress }).catch(error => error)
    console.log(code)
    await trainUnigram([text.slice(0, 10_000)], { vocabSize: 200, workers: 2 })
    console.log(process.getActiveResourcesInfo().filter(name => /Worker|MessagePort/.test(name)).length)`
  const printed = execFileSync('env', ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '-e', program], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 })
  t.equal(printed, 'ERR_ABORTED\n0\n', 'and the process ends')
  t.end()
})

t.test('steps that fail', async t => {
  const { lattice } = buildOf('a b')
  const pool = new StepPool(1)
  await t.rejects(pool.run({ ...lattice, counts: null as unknown as Float64Array }, { step: 'expect', size: 1, isOld: false }), TypeError)
  await pool.close()
  t.doesNotThrow(() => { throwIfAborted(undefined) })
  t.doesNotThrow(() => { throwIfAborted(new AbortController().signal) })
})
