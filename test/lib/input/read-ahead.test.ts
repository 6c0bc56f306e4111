import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Test, t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import { type AheadFile, ReadAhead, type ReadAheadOptions } from '../../../lib/input/read-ahead.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { text } from '../../../sources/text.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import { type Hub, startHub } from '../../hub/stand-in.ts'
import type { Files } from '../../hub/types.ts'
import { put, temporaryFolder } from '../../helpers.ts'

const PIECE = 1000

/** Generated files, which yield their bytes piece by piece and record the requests. */
class MadeUp {
  readonly files: AheadFile[]
  readonly opened: string[] = []
  readonly ended: string[] = []
  readonly failing = new Map<string, number>() // index of the piece that fails
  made = 0
  #wait: () => Promise<unknown>

  constructor (sizes: ReadonlyArray<number | null>, wait: () => Promise<unknown> = async () => { await sleep(1) }) {
    this.files = sizes.map((size, i) => ({ path: String(i), size }))
    this.#wait = wait
  }

  ahead (options: Partial<ReadAheadOptions> = {}): ReadAhead {
    return new ReadAhead(this.files, (path, offset, signal) => this.#open(path, offset, signal), {
      reads: () => true, ...options
    })
  }

  async * #open (path: string, offset: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    this.opened.push(offset === 0 ? path : `${path}+${offset}`)
    const size = this.files[Number(path)]!.size ?? 3 * PIECE
    try {
      for (let at = offset; at < size; at += PIECE) {
        await this.#wait()
        signal.throwIfAborted()
        if (at / PIECE === this.failing.get(path)) throw new Error(`${path} fails`)
        const length = Math.min(PIECE, size - at)
        this.made += length
        yield Buffer.alloc(length, path)
      }
    } finally {
      this.ended.push(path)
    }
  }
}

async function all (chunks: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  for await (const chunk of chunks) pieces.push(chunk)
  return String(Buffer.concat(pieces)).replace(/(.)\1*/g, (run, digit: string) => `${digit}*${run.length} `).trim()
}

/** Waits for a condition; fails after a timeout. */
async function until (isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(1)
}

t.test('each file is read whole, in order, and requested once', async t => {
  const made = new MadeUp([2500, 0, 1000, 1, 7777])
  const ahead = made.ahead({ mostFiles: 3, mostBytes: 3000 })
  const found: string[] = []
  for (const index of made.files.keys()) found.push(await all(ahead.read(index)))
  t.same(found, ['0*2500', '', '2*1000', '3*1', '4*7777'])
  t.same(made.opened, ['0', '1', '2', '3', '4'])
  t.equal(made.ended.length, 5)
})

t.test('several files are read at once, up to the limit', async t => {
  const made = new MadeUp(Array.from({ length: 20 }, () => 10))
  const ahead = made.ahead()
  const chunks = ahead.read(0)
  await chunks.next()
  t.equal(made.opened.length, 8)
  await chunks.next()
  await all(ahead.read(1))
  t.equal(made.opened.length, 9)
  ahead.close()
})

t.test('memory is limited, also for one large file if its reader pauses', async t => {
  for (const sizes of [[100_000], [5000, 5000, 100_000], Array.from({ length: 30 }, () => 1500)]) {
    const made = new MadeUp(sizes)
    const ahead = made.ahead({ mostBytes: 12_000 })
    let taken = 0
    let most = 0
    for (const index of sizes.keys()) {
      for await (const chunk of ahead.read(index)) {
        taken += chunk.length
        if (taken === 4000) await until(() => made.made - taken >= 11_000 || made.opened.length - index === 8)
        if (taken === 4000) await sleep(20)
        most = Math.max(most, made.made - taken)
      }
    }
    t.equal(taken, sizes.reduce((sum, size) => sum + size))
    t.ok(most >= 8000 && most <= 12_000 + 8 * PIECE, `${most} bytes`)
  }
})

t.test('the limit starts low and grows with the bytes read', async t => {
  const pieces = 5 * 1024
  const made = new MadeUp([pieces * 1024, 4000], async () => {})
  const ahead = made.ahead()
  const chunks = ahead.read(0)
  await chunks.next()
  await sleep(20)
  t.ok(made.made < 1024 * 1024 + 3 * PIECE, `${made.made} bytes`)
  t.same(made.opened, ['0'])
  for (let i = 0; i < 2200; i++) await chunks.next()
  await sleep(20)
  t.same(made.opened, ['0', '1'])
  t.equal(made.made, pieces * 1024 + 4000)
  ahead.close()
})

t.test('an error is reported after the bytes before it', async t => {
  const made = new MadeUp([2000, 3000, 10])
  made.failing.set('1', 2)
  const ahead = made.ahead()
  const first = ahead.read(0)
  await first.next()
  await until(() => made.ended.includes('1'))
  t.match(await first.next(), { done: false })
  t.match(await first.next(), { done: true })
  const second = ahead.read(1)
  await second.next()
  await second.next()
  await t.rejects(second.next(), { message: '1 fails' })
  ahead.close()
})

t.test('a reader may continue at another position', async t => {
  const made = new MadeUp([9000, 9000, 9000, 9000])
  const ahead = made.ahead({ mostFiles: 2 })
  const look = ahead.read(1)
  await look.next()
  await look.return(undefined)
  t.equal(await all(ahead.read(1, 8500)), '1*500', 'in the same file')
  t.same(made.opened, ['1', '2', '1+8500'])
  const third = ahead.read(2)
  await third.next()
  t.equal(await all(ahead.read(0, 8000)), '0*1000', 'in an earlier file')
  t.same(made.opened.slice(3), ['3', '0+8000', '1'])
  await t.rejects(all({ [Symbol.asyncIterator]: () => third }), { name: 'AbortError' })
  const again = ahead.read(1)
  await again.next()
  t.equal(await all(ahead.read(3, 1000)), '3*8000', 'far ahead')
  t.same(made.opened.slice(6), ['2', '3+1000'])
  await until(() => made.ended.length === made.opened.length)
})

t.test('reading ahead ends before a file that is excluded, and after a file of unknown size', async t => {
  const local = new MadeUp([10, 10, 10])
  const chunks = local.ahead({ reads: ({ path }) => path !== '1' }).read(0)
  await chunks.next()
  t.same(local.opened, ['0'])
  const unknown = new MadeUp([10, null, 10])
  const ahead = unknown.ahead()
  t.equal(await all(ahead.read(0)), '0*10')
  t.same(unknown.opened, ['0', '1'])
  t.equal(await all(ahead.read(1)), '1*3000')
})

t.test('close ends all requests, and cached bytes don\'t look like the end of their file', async t => {
  const made = new MadeUp([3000, 3000, 50_000])
  const ahead = made.ahead({ mostBytes: 10_000 })
  const chunks = ahead.read(0)
  await chunks.next()
  await until(() => made.ended.includes('0') && made.made >= 10_000)
  ahead.close()
  await t.rejects(chunks.next(), { name: 'AbortError' })
  await until(() => made.ended.length === 3)
  const before = made.made
  await t.rejects(ahead.read(1).next(), { name: 'AbortError' })
  t.equal(made.made, before)
})

t.test('close while the reader waits', async t => {
  const made = new MadeUp([3000], async () => { await sleep(5) })
  const ahead = made.ahead()
  const next = ahead.read(0).next()
  ahead.close()
  await t.rejects(next, { name: 'AbortError' })
})

async function startWith (t: Test, files: Files): Promise<Hub> {
  const hub = await startHub({ repos: [{ name: 'o/d', files }] })
  t.teardown(async () => { await hub.close() })
  t.teardown(setHubEnvironment({ HF_ENDPOINT: hub.endpoint }))
  return hub
}

/** Lines of a file on the Hub, each with its number. */
const lines = (file: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify({ text: `${file} ${i}` })}\n`).join('')

async function texts (source: AsyncIterable<unknown>): Promise<string[]> {
  const found: string[] = []
  for await (const document of source) found.push((document as Document).text)
  return found
}

const DATASET = 'hf://datasets/o/d@main'

t.test('files of a source, on the Hub and local', async t => {
  const names = Array.from({ length: 12 }, (_, i) => `f${String(i).padStart(2, '0')}.jsonl${i % 3 === 0 ? '.gz' : ''}`)
  const hub = await startWith(t, Object.fromEntries(names.map(name =>
    [name, name.endsWith('.gz') ? gzipSync(lines(name, 20)) : lines(name, 20)])))
  const local = put(temporaryFolder(t), 'local.jsonl', lines('local', 3))
  const given = [
    ...names.slice(0, 6).map(name => `${DATASET}/${name}`), local, ...names.slice(6).map(name => `${DATASET}/${name}`)
  ]
  const source = ndjson(given)
  t.same(await texts(source), [...names.slice(0, 6), 'local', ...names.slice(6)].flatMap(name =>
    Array.from({ length: name === 'local' ? 3 : 20 }, (_, i) => `${name} ${i}`)))
  t.equal(source.progress.read, source.progress.total)
  const asked = hub.requests.filter(({ kind, status }) => kind === 'file' && status === 200)
  t.same(asked.map(({ file }) => file).sort(), names, 'each once')
  t.same(asked.slice(0, 6).map(({ file }) => file).sort(), names.slice(0, 6),
    'those after the local file come after it')
})

t.test('the next files are requested before the first has answered', async t => {
  const names = Array.from({ length: 20 }, (_, i) => `f${10 + i}.jsonl`)
  const hub = await startWith(t, Object.fromEntries(names.map(name => [name, lines(name, 3)])))
  hub.misbehave({ fault: { kind: 'delay', ms: null }, on: { path: names[0]!, kind: 'file' }, times: 1 })
  const source = ndjson(names.map(name => `${DATASET}/${name}`)).resume()
  const files = (): Set<string | null> =>
    new Set(hub.requests.filter(({ kind }) => kind === 'file').map(({ file }) => file))
  await until(() => files().size >= 8)
  await sleep(20)
  t.same([...files()].sort(), names.slice(0, 8))
  source.destroy()
})

t.test('a source is resumed', async t => {
  const names = ['a.txt', 'b.txt', 'c.txt']
  await startWith(t, Object.fromEntries(names.map(name =>
    [name, Array.from({ length: 500 }, (_, i) => `${name} ${i}\n`).join('')])))
  const given = names.map(name => `${DATASET}/${name}`)
  const first = text(given, { highWaterMark: 1 })
  const found: string[] = []
  for await (const document of first as AsyncIterable<Document>) {
    found.push(document.text)
    if (found.length === 777) break
  }
  found.push(...await texts(text(given, { from: first.position })))
  t.same(found, names.flatMap(name => Array.from({ length: 500 }, (_, i) => `${name} ${i}`)))
})

t.test('a source that is stopped early has fetched little more than the first megabyte', async t => {
  const big = Buffer.from('{"text":"words"}\n'.repeat(600_000))
  const hub = await startWith(t, { 'a.jsonl': big, 'b.jsonl': big })
  for (const how of ['stop', 'destroy'] as const) {
    const before = hub.requests.length
    const source = ndjson([`${DATASET}/a.jsonl`, `${DATASET}/b.jsonl`])
    let seen = 0
    for await (const { text } of source as AsyncIterable<Document>) {
      seen += text.length
      if (seen !== 50) continue
      await sleep(30)
      if (how === 'destroy') break
      source.stop()
    }
    const files = hub.requests.slice(before).filter(({ kind }) => kind === 'file')
    t.same(new Set(files.map(({ file }) => file)), new Set(['a.jsonl']), how)
    t.ok(files.reduce((sum, { bytes }) => sum + bytes, 0) < 9_000_000,
      'the buffers of sockets are not counted')
  }
})

t.test('a missing file fails when it is read', async t => {
  const hub = await startWith(t, { 'a.jsonl': lines('a', 5), 'b.jsonl': lines('b', 5), 'c.jsonl': lines('c', 5) })
  const source = ndjson(['a', 'b', 'c'].map(name => `${DATASET}/${name}.jsonl`))
  hub.misbehave({ fault: { kind: 'status', status: 404 }, on: { path: 'b.jsonl', kind: 'file' }, times: 100 })
  const found: string[] = []
  await t.rejects(
    async () => { for await (const { text } of source as AsyncIterable<Document>) found.push(text) }, { code: /^ERR_/ }
  )
  t.equal(found.length, 5)
})
