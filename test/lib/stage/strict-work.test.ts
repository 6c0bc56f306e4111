/** Rules that custom stages must follow, so that no document is lost silently, and their errors. */
import { t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import { type OwnWork, strictWork } from '../../../lib/stage/strict-work.ts'
import { Stage } from '../../../lib/stage/stage.ts'
import { closed, doc, docs, failure, pattern, through } from '../../helpers.ts'

const run = (take: unknown, more: object = {}, documents = docs(3)): Promise<Document[]> =>
  through<Document>(documents, new Stage(strictWork({ name: 'own', take, ...more } as OwnWork, './own.mjs')))

type Take = (document: Document, push: (item: unknown) => void) => unknown

const GOOD: Readonly<Record<string, readonly [take: Take, kept: number, more?: object]>> = {
  'pushes it': [(document, push) => { push(document) }, 3],
  'pushes it later': [
    async (document, push) => { await Promise.resolve(); push({ ...document, text: document.text.toUpperCase() }) },
    3
  ],
  'drops some': [({ id }, push) => {
    if (id === 'd1') return 'no'
    push(doc(id, 'x'))
  }, 2],
  'drops all, later, and returns null': [
    async ({ id }, push) => id === 'd1' ? (push(doc('a', 'b')), null) : 'no',
    1
  ],
  'leaves meta out': [({ id, text }, push) => { push({ id, text }) }, 3],
  'emits several': [(document, push) => { push(document); push(document) }, 6, { several: true }],
  'holds them until the end': [
    () => undefined,
    1,
    { save () {}, restore () {}, finish (push: (item: Document) => void) { push(doc('all', 'of them')) } }
  ]
}

for (const [name, [take, kept, more]] of Object.entries(GOOD)) {
  t.test(`a stage that ${name}`, async t => {
    const got = await run(take, more)
    t.equal(got.length, kept)
    for (const item of got) t.strictSame(Object.keys(item), ['id', 'text', 'meta'])
  })
}

const push2: Take = (document, push) => { push(document); push(document) }

const BAD: Readonly<Record<string, readonly [take: Take, says: RegExp, more?: object]>> = {
  throws: [
    ({ id }, push) => { if (id === 'd1') throw new Error('no such word'); push(doc(id, '')) },
    /^own \(\.\/own\.mjs\) has failed at document d1: no such word$/
  ],
  'is rejected': [async () => { throw new TypeError('later') }, /at document d0: later$/],
  'loses a document': [() => undefined, /at document d0: take neither pushed a document nor returned a reason/],
  'loses a document later': [async () => undefined, /d0: take neither pushed/],
  'loses a document, and may emit several': [() => undefined, /d0: take neither pushed/, { several: true }],
  'pushes two': [
    push2,
    pattern(
      /d0: it pushed a second document; a stage that makes several of one must set several: new Stage\(\{ several: /,
      /true, … \}\)$/
    )
  ],
  'pushes two, and catches the error': [
    (document, push) => { try { push2(document, push) } catch {} },
    /d0: it pushed a second document/
  ],
  'pushes and drops': [
    (document, push) => { push(document); return 'why' },
    /d0: it pushed the document, and gave a reason why it is dropped: why$/
  ],
  'returns true': [
    (document, push) => { push(document); return true }, /d0: take returned true, expected nothing, or a text/
  ],
  'gives no reason': [() => '', /d0: take returned "", expected/],
  'pushes a text': [
    (document, push) => { push(document.text) },
    /d0: it pushed some text 0, expected a document \{ id, text, meta \}$/
  ],
  'pushes without an id': [({ text }, push) => { push({ text }) }, /d0: it pushed a document whose id is no text/],
  'pushes no text': [({ id }, push) => { push({ id, text: 3 }) }, /d0: it pushed a document whose text is no text/],
  'adds a field': [
    (document, push) => { push({ ...document, score: 1 }) },
    /d0: it pushed a document with score, expected \{ id, text, meta \}; anything else about a document goes into meta$/
  ],
  'pushes meta as a list': [
    (document, push) => { push({ ...document, meta: [] }) }, /d0: it pushed a document whose meta is no object/
  ],
  'puts a date into meta': [
    (document, push) => { push({ ...document, meta: { a: [{ when: new Date(0) }] } }) },
    /d0: it pushed a document whose meta\.a is no plain data/
  ],
  'splits a character': [
    (document, push) => { push({ ...document, text: '\ud83d' }) },
    /d0: it pushed a text with half a character/
  ],
  'fails to open': [
    () => 'x',
    /^own \(\.\/own\.mjs\) has failed as it opened what it needs: no model$/,
    { open () { throw new Error('no model') } }
  ],
  'fails at the end': [
    (document, push) => { push(document) },
    /^own \(\.\/own\.mjs\) has failed at the end: it pushed 3, expected/,
    { finish (push: (item: unknown) => void) { push(3) } }
  ]
}

for (const [name, [take, says, more]] of Object.entries(BAD)) {
  t.test(`a stage that ${name} is reported`, async t => {
    t.match(await failure(run(take, more)), {
      code: name === 'fails to open' ? 'ERR_OPTION' : 'ERR_DOCUMENT', message: says
    })
  })
}

t.test('a state that restore refuses is reported', async t => {
  const work = strictWork(
    { name: 'own', take: () => 'x', save: () => 1, restore () { throw new Error('not mine') } }, './own.mjs'
  )
  t.throws(() => { new Stage(work).restore(3) }, {
    code: 'ERR_STATE', message: 'own (./own.mjs) has failed as it took its saved state: not mine'
  })
  t.equal(new Stage(work).save(), 1)
})

t.test('`this` is the work object, and close is called by the stage', async t => {
  let closes = 0
  const work = {
    name: 'own',
    seen: 0,
    take (
      this: { seen: number },
      document: Document,
      push: (item: Document) => void
    ) { this.seen++; push(document) },
    close () { closes++ }
  }
  const stage = new Stage(strictWork(work as OwnWork, './own.mjs'))
  await through(docs(4), stage)
  await closed(stage)
  t.equal(work.seen, 4)
  t.equal(closes, 1)
})
