import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { failure, filesIn, ndjsonOf, put, temporaryFolder } from '../helpers.ts'

const ENGLISH = 'The water of the river turns the wheel of the old mill, as it has done for three hundred years. '
const GERMAN = 'Das Wasser des Flusses dreht das Rad der alten Mühle, wie es das seit dreihundert Jahren getan hat. '

const RECORDS = [
  { id: 'long', text: ENGLISH.repeat(200) },
  { id: 'first', text: `  ${ENGLISH.repeat(3).replaceAll(' ', '\n ')}` },
  { id: 'german', text: GERMAN.repeat(3) },
  { id: 'short', text: ENGLISH },
  { id: 'same', text: ENGLISH.repeat(3) },
  { id: 'other', text: ENGLISH.repeat(4), source: 'mill' },
  { id: 'none', text: null }
]

t.test('normalize, length, language and dedup run in this order, with the documented defaults', async t => {
  const folder = temporaryFolder(t)
  const outputPath = join(folder, 'out/kept.jsonl')
  const stats = await filterCorpus({ dataFiles: put(folder, 'a.ndjson', ndjsonOf(RECORDS)), outputPath })
  t.equal(readFileSync(outputPath, 'utf8'), ndjsonOf([
    { id: 'first', text: ENGLISH.repeat(3).trim(), meta: {} },
    { id: 'other', text: ENGLISH.repeat(4).trim(), meta: { source: 'mill' } }
  ]))
  t.match(stats, {
    name: 'json',
    output_path: outputPath,
    read: 7,
    kept: 2,
    dropped: {
      'ndjson.no_text': 1,
      'length.too_long': 1,
      'length.too_short': 1,
      'language.other_language': 1,
      'dedup.duplicate': 1
    }
  })
  t.strictSame(stats.stages.map(({ stage }) => stage), ['ndjson', 'normalize', 'length', 'language', 'dedup'])
})

t.test('keep any turns the language filter off; another language is set by its tag', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'a.ndjson', ndjsonOf(RECORDS))
  const ids = async (options: Partial<Parameters<typeof filterCorpus>[0]>): Promise<string[]> => {
    const outputPath = join(folder, 'out.ndjson.gz')
    await filterCorpus({ dataFiles, outputPath, ...options })
    return gunzipSync(readFileSync(outputPath)).toString().split('\n').filter(line => line !== '')
      .map(line => (JSON.parse(line) as { id: string }).id)
  }
  t.strictSame(await ids({ targetLang: 'any' }), ['first', 'german', 'other'])
  t.strictSame(await ids({ targetLang: 'de' }), ['german'])
  t.strictSame(await ids({ targetLang: 'any', minChars: 0, maxChars: 150 }), ['short'])
  t.strictSame(await ids({ targetLang: 'any', maxChars: 100_000, dedupWindow: 1 }), [
    'long', 'first', 'german', 'same', 'other'
  ], 'the first copy has left the window')
})

t.test('.txt has one text per line; --limit counts written documents', async t => {
  const folder = temporaryFolder(t)
  const outputPath = join(folder, 'out.txt')
  const stats = await filterCorpus({
    dataFiles: put(folder, 'a.ndjson', ndjsonOf(RECORDS)), outputPath, limit: 1, name: 'mill'
  })
  t.equal(readFileSync(outputPath, 'utf8'), ENGLISH.repeat(3).trim() + '\n')
  t.match(stats, { name: 'mill', kept: 1 })
})

t.test('a text dataset of several files', async t => {
  const folder = temporaryFolder(t)
  const outputPath = join(folder, 'out.txt')
  for (const name of ['b.txt', 'a.txt']) put(folder, name, `${name} ${ENGLISH.repeat(3)}\n\nshort\n`)
  await filterCorpus({ dataset: 'text', dataFiles: join(folder, '?.txt'), outputPath })
  t.strictSame(readFileSync(outputPath, 'utf8').match(/^.\.txt/gm), ['a.txt', 'b.txt'])
})

t.test('a wrong call and a wrong input leave no files', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'a.ndjson', 'no json\n')
  const outputPath = join(folder, 'out.ndjson')
  const run = (options: object): Promise<unknown> => failure(filterCorpus({ dataFiles, outputPath, ...options }))
  t.match(await run({}), { code: 'ERR_BAD_RECORDS' })
  t.match(await run({ dataFiles: '/none' }), { code: 'ERR_FILES' })
  t.match(
    await run({ dataset: 'jsonp' }), { code: 'ERR_OPTION', message: /jsonp cannot be read, expected json or csv/ }
  )
  t.match(await run({ targetLang: 'xx' }), { code: 'ERR_OPTION', message: /language/ })
  t.match(await run({ minChars: 9, maxChars: 8 }), { code: 'ERR_OPTION' })
  t.match(await run({ window: 0, minChars: 'a' }), { code: 'ERR_OPTION', message: /minChars.*\n.*window/ })
  t.strictSame(filesIn(folder), ['a.ndjson'])
})
