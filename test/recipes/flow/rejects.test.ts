import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { readBytes } from '../../../lib/input/read.ts'
import { filterCorpus } from '../../../recipes/filter-corpus.ts'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { shardCorpus } from '../../../recipes/shard-corpus.ts'
import type { Reject } from '../../../recipes/flow/rejects.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { commandsHereIn } from '../../commands.ts'
import {
  collect, doc, docs, failure, filesIn, fixture, howMany, ndjsonOf, put, temporaryFolder
} from '../../helpers.ts'

const command = commandsHereIn(t)

const readRejects = (path: string): Reject[] =>
  (path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString() : readFileSync(path, 'utf8'))
    .split('\n').slice(0, -1).map(line => JSON.parse(line) as Reject)

/** Five records: one is bad, one too short, and one a copy of another. */
const RECORDS = [
  '{"id":"a","text":"a text that is long enough","source":"x"}',
  '{"id":"b","text":"short"}',
  'no json',
  '{"text":"a text that  is long enough "}',
  '{"id":"c","text":"another text that is kept"}'
]
const offsetOf = (index: number): number => RECORDS.slice(0, index).join('\n').length + (index === 0 ? 0 : 1)

t.test('filter-corpus writes dropped documents with reason and position, and the bytes of bad records', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'in.ndjson', RECORDS.join('\n') + '\n')
  for (const name of ['rejects.ndjson', 'rejects.ndjson.gz']) {
    const rejects = join(folder, name)
    const stats = await filterCorpus({
      dataFiles: path, targetLang: 'any', minChars: 10, maxBad: 1, outputPath: join(folder, 'out.ndjson'), rejects
    })
    const at = (index: number): RegExp => new RegExp(`in\\.ndjson#${offsetOf(index)}$`)
    // Concurrent stages write to the file in any order.
    const found = readRejects(rejects).sort((a, b) => a.reason < b.reason ? -1 : 1)
    t.match(found, [
      { reason: 'dedup.duplicate', position: at(3), text: 'a text that is long enough' },
      { reason: 'length.too_short', position: at(1), id: 'b', text: 'short', meta: {} },
      { reason: 'ndjson.bad_json', position: at(2), raw: Buffer.from('no json').toString('base64'), raw_bytes: 8 }
    ])
    t.equal(found.length, Object.values(stats.dropped).reduce((sum, n) => sum + n, 0), 'all dropped ones are written')
    t.strictSame((await collect(ndjson(rejects, { maxBad: '100%' }))).length, 2, 'those with a text can be read')
  }
})

t.test('rejects of a mixture: one file per component, also of a raw pull and its copy', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'in.ndjson', RECORDS.join('\n') + '\n')
  const component = (name: string, more: Record<string, unknown>): Record<string, unknown> => ({
    name,
    dataset: 'json',
    data_files: path,
    seq_len: 4,
    output_dir: join(folder, name),
    rejects: join(
      folder, `${name}.rejects.ndjson`
    ),
    filters: [{ length: { min_chars: 10 } }],
    ...more
  })
  writeFileSync(join(folder, 'm.yaml'), JSON.stringify([
    component('a', {}), component('b', { raw_dir: join(folder, 'raw') })
  ]))
  await processMixture(join(folder, 'm.yaml'), {
    tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs'), maxBad: 1
  })
  const reasons = (name: string): string[] => readRejects(join(folder, name)).map(({ reason }) => reason).sort()
  t.strictSame(reasons('a.rejects.ndjson'), ['length.too_short', 'ndjson.bad_json'])
  t.strictSame(reasons('b.rejects.ndjson'), ['length.too_short'], 'rejects of the copy, which has no bad records')
  t.strictSame(reasons('raw/b.rejects.ndjson'), ['ndjson.bad_json'], 'rejects of the pull')
  await shardCorpus({
    dataFiles: path, output: join(folder, 'copy.ndjson'), maxBad: 1, rejects: join(folder, 'copy.rejects.ndjson')
  })
  t.strictSame(readRejects(join(folder, 'copy.rejects.ndjson')).map(({ reason }) => reason), ['ndjson.bad_json'])
})

t.test('a failed run keeps its rejects; a stopped run deletes them', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'in.ndjson', RECORDS.join('\n') + '\n')
  const options = {
    dataFiles: path, targetLang: 'any', outputPath: join(folder, 'out.ndjson'), rejects: join(folder, 'rejects.ndjson')
  }
  t.match(await failure(filterCorpus(options)), { code: 'ERR_BAD_RECORDS' })
  t.match(readRejects(options.rejects), [{ reason: 'ndjson.bad_json' }])
  t.strictSame(filesIn(folder), ['in.ndjson', 'rejects.ndjson'])
  const stop = new AbortController()
  const stopped = temporaryFolder(t)
  const large = put(stopped, 'in.ndjson', ndjsonOf(docs(20_000)))
  const flow = filterCorpus({
    ...options, dataFiles: large, rejects: join(stopped, 'rejects.ndjson'), outputPath: join(stopped, 'out.ndjson')
  }, { signal: stop.signal, watch: () => { stop.abort(); return () => {} } })
  t.match(await failure(flow), { code: 'ERR_ABORTED' })
  t.strictSame(filesIn(stopped), ['in.ndjson'])
})

t.test('rejects can\'t be the input or the output', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'in.ndjson', RECORDS.join('\n'))
  const out = join(folder, 'out.ndjson')
  t.match(
    await failure(filterCorpus({ dataFiles: path, outputPath: out, rejects: path })), { code: 'ERR_OUTPUT_EXISTS' }
  )
  t.match(
    await failure(filterCorpus({ dataFiles: path, outputPath: out, rejects: `${folder}/./out.ndjson` })),
    { code: 'ERR_OPTION', message: /out\.ndjson: would be written twice/ }
  )
  t.match(
    await failure(filterCorpus({ dataFiles: path, outputPath: out, rejects: join(path, 'x.ndjson') })),
    { code: 'ERR_OUTPUT', message: /in\.ndjson\/x\.ndjson(\.lock)?: cannot be written/ }
  )
  const manifest = put(folder, 'm.yaml', JSON.stringify([{
    name: 'a', dataset: 'json', data_files: path, rejects: join(folder, 'stats.ndjson'), output_dir: join(folder, 'a')
  }]))
  t.match(await failure(processMixture(manifest, {
    tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.ndjson'), runsDir: join(folder, 'runs')
  })), { code: 'ERR_OPTION', message: /stats\.ndjson: would be written twice/ })
  t.strictSame(filesIn(folder), ['in.ndjson', 'm.yaml'])
})

t.test('in a pipe, read and the filters write their rejects', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'in.ndjson', RECORDS.join('\n'))
  const read = await command(['read', 'in.ndjson', '--max-bad', '1', '--rejects', 'bad.ndjson'], { cwd })
  t.match(read, { code: 0 })
  t.match(readRejects(join(cwd, 'bad.ndjson')), [{ reason: 'ndjson.bad_json', position: `in.ndjson#${offsetOf(2)}` }])
  t.match(
    await command(['length', '--min-chars', '10', '--rejects', 'short.ndjson'], { cwd, input: read.stdout }),
    { code: 0 }
  )
  t.strictSame(readRejects(join(cwd, 'short.ndjson')), [{
    reason: 'length.too_short', position: null, ...doc('b', 'short')
  }])
})

t.test('several stages that drop large documents at once write complete lines', async t => {
  const folder = temporaryFolder(t)
  const large = (i: number): string => `${String(i).repeat(3)} ${'large text '.repeat(30_000 + i % 7 * 9000)}`
  const records = Array.from({ length: howMany(15, 60) }, (_, i) => i % 3 === 0
    ? { id: `${i}`, text: 'x'.repeat(900_000) }
    : i % 3 === 1 ? { id: `${i}`, text: large(1) } : { id: `${i}`, text: large(i) })
  const path = put(folder, 'in.ndjson', ndjsonOf(records) + `{"text":"${'y'.repeat(9000)}\n`.repeat(3))
  for (const ending of ['', '.zst', '.gz'].slice(0, howMany(1, 3))) {
    const rejects = join(folder, `rejects.ndjson${ending}`)
    const stats = await filterCorpus({
      dataFiles: path,
      targetLang: 'any',
      minChars: 1,
      maxChars: 800_000,
      maxBad: '100%',
      outputPath: join(folder, 'out.ndjson'),
      rejects
    })
    const lines: string[] = []
    for await (const chunk of readBytes(rejects)) lines.push(chunk.toString('latin1'))
    const reasons = lines.join('').split('\n').slice(0, -1).map(line => (JSON.parse(line) as Reject).reason)
    const counts = Object.fromEntries([...new Set(reasons)].map(reason =>
      [reason, reasons.filter(other => other === reason).length]))
    t.strictSame(counts, stats.dropped)
    t.equal(counts['ndjson.bad_json'], 3)
    t.ok(
      counts['length.too_long']! >= howMany(5, 20) && counts['dedup.duplicate']! >= howMany(4, 19),
      JSON.stringify(counts)
    )
  }
})
