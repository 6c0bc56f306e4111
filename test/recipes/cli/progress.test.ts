import { Readable, Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { type ProgressStream, Progress, progressLine } from '../../../recipes/cli/progress.ts'
import { componentTable } from '../../../recipes/components/table.ts'
import { table } from '../../../lib/text/table.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { collect, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

function terminal (isTTY: boolean): ProgressStream & { text: string } {
  const stream = Object.assign(new Writable(
    { write (chunk: Buffer, _encoding, done) { stream.text += chunk.toString(); done() } }
  ), { isTTY, columns: 60, text: '' })
  return stream
}

/** The part of a source that the progress reads. */
function flow (read: number, total: number | null, documents: number): Parameters<typeof progressLine>[0] {
  return {
    name: 'web',
    source: { progress: { read, total }, stats: { out: documents, bytes: 5e6 } } as never,
    tokens: () => 1_234_567
  }
}

t.test('a line shows the progress of a flow, and the time left', async t => {
  t.equal(progressLine(flow(250, 1000, 12_345), 10),
    'web [=====---------------] 25 % 12,345 docs 0.5 MB/s 1,234,567 tokens 0:30 left')
  t.equal(progressLine(flow(250, 1_000_000, 1), 10),
    'web [--------------------] 0 % 1 docs 0.5 MB/s 1,234,567 tokens 11:06:30 left')
  t.equal(
    progressLine({ ...flow(250, null, 7), tokens: undefined } as never, 10), 'web 7 docs 0.5 MB/s',
    'an unknown size is not estimated'
  )
  t.match(progressLine(flow(0, 1000, 0), 0), /0 % 0 docs/, 'no division by zero')
})

t.test('on a terminal, one line is redrawn, and erased at the end', async t => {
  const stream = Object.assign(terminal(true), { columns: 200 })
  const progress = new Progress(stream)
  const [first, second] = [progress.watch(flow(1, 2, 3)), progress.watch(flow(1, 2, 4))]
  progress.draw()
  t.match(stream.text, /web \[=+-+\] 50 % 3 docs/)
  t.notMatch(stream.text, '\n')
  await new Promise(resolve => setTimeout(resolve, 300))
  t.ok(stream.text.split('web').length > 2, 'redrawn by a timer')
  first()
  second()
  t.ok(
    stream.text.endsWith('\u001b[1G') || stream.text.endsWith('\u001b[2K') || stream.text.endsWith('\u001b[0K'),
    'erased'
  )
})

t.test('on a narrow terminal, the bar is dropped first, and the rest fits one line', async t => {
  const stream = Object.assign(terminal(true), { columns: 40 })
  const progress = new Progress(stream)
  const done = progress.watch({ ...flow(1, 2, 3), name: '日本語' })
  progress.draw()
  done()
  t.match(stream.text, '日本語 50 % 3 docs')
  const drawn = stream.text.split('\u001b').map(part => part.replace(/^\[\d*[A-Z]/, '')).find(part =>
    part.includes('docs'))!
  t.ok(drawn.length + 3 <= 39, 'three wide letters take two columns each')
})

t.test('without a terminal, a line is printed now and then, without control characters', async t => {
  const stream = terminal(false)
  const progress = new Progress(stream)
  const done = progress.watch(flow(1, 2, 3))
  progress.draw()
  done()
  t.match(stream.text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z web \[.*\n$/, 'with its time in UTC')
  progress.tell('sluice: a word')
  t.match(stream.text, /\n\d{4}-\d\d-\d\dT[\d:.]+Z sluice: a word\n$/)
  t.notMatch(stream.text, '\u001b')
})

t.test('sources report their size', async t => {
  const source = ndjson([put(temporaryFolder(t), 'a.gz', gzipSync('{"text":"a"}\n'))])
  await collect(source)
  t.match(progressLine({ name: 'a', source }, 1), /^a \[={20}\] 100 % 1 docs 0\.0 MB\/s 0:00 left$/)
  const unknown = ndjson(Readable.from([Buffer.from('{"text":"a"}\n')]))
  await collect(unknown)
  t.match(progressLine({ name: 'a', source: unknown }, 1), /^a 1 docs 0\.0 MB\/s$/)
})

t.test('a table is aligned; each component has a row, with its drop reasons and path below', async t => {
  t.equal(table([['a', 'bb'], ['ccc', '1']]), 'a    bb\nccc   1')
  const counts = { read: 1234, kept: 1000, stages: [], bytes: 5e6, seconds: 1.25 }
  t.equal(componentTable([
    {
      name: 'web',
      ...counts,
      dropped: { 'length.too_short': 234 },
      tokens: 5_000_000,
      sequences: 2441,
      tail_tokens: 832,
      shards: 3,
      output_dir: 'data/web'
    },
    {
      name: 'books',
      ...counts,
      seconds: 0,
      dropped: {},
      tokens: 0,
      sequences: 0,
      tail_tokens: 0,
      shards: 1,
      output_dir: 'data/books'
    }
  ]), [
    'component   read   kept     tokens  sequences  seconds  MB/s',
    'web        1,234  1,000  5,000,000      2,441      1.3   4.0',
    '  dropped: length.too_short 234',
    '  3 shards in data/web; 832 tokens are left over, too few for a sequence',
    'books      1,234  1,000          0          0      0.0     -',
    '  1 shard in data/books',
    '(all)      2,468  2,000  5,000,000      2,441'
  ].join('\n'))
  t.equal(componentTable([{ name: 'web', ...counts, dropped: {} }]).split('\n')[0],
    'component   read   kept  seconds  MB/s')
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`stage_${i}.some_reason`, 1_000_000 + i]))
  const lines = componentTable([{ name: 'web', ...counts, dropped: many }]).split('\n')
  t.ok(lines.every(line => line.length <= 80), 'no line is longer than the terminal\'s width')
  t.match(
    lines.join(' ').replace(/\s+/g, ' '),
    /dropped: stage_0\.some_reason 1,000,000, stage_1\.some_reason 1,000,001, .* stage_11\.some_reason 1,000,011$/
  )
})

t.test('work without documents shows its state at once on a terminal', async t => {
  const stream = Object.assign(terminal(true), { columns: 200 })
  const progress = new Progress(stream)
  let state = 'round 1'
  const done = progress.watch({ name: 'train-tokenizer', state: () => state })
  t.match(stream.text, /train-tokenizer round 1 0:00$/)
  state = 'round 2'
  progress.draw()
  t.match(stream.text, /train-tokenizer round 2 0:00$/)
  progress.tell('sluice: a word')
  t.match(stream.text, /sluice: a word\n$/, 'without the time on a terminal')
  done()
})
