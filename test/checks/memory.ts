/**
 * The peak of resident memory of filter-corpus and process-mixture on a large NDJSON file, of filter-corpus on as much
 * text in `.zst` and in parquet, and of read on small files that decompress to ten times as much: `npm run memory`, 1
 * GB; `npm run memory -- --mb 100` for a short form. Fails at 400 MB, and at 150 MB more for a second thread. Also of
 * the keys of exact dedup, 100 million for 1 GB, with `memory: 400MB`: fails at 512 MB.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { ParquetWriter, fileWriter } from 'hyparquet-writer'
import { packageRoot } from '../../lib/package.ts'
import { loadZstdCompressor } from '../../lib/zstd/compress.ts'
import { gzipBomb, zstdBomb } from '../zstd.ts'
import { Checks } from './checks.ts'

const LIMIT_MB = 400
const ALLOWED_MB_A_WORKER = 150

const KEYS_A_MB = 100_000
const KEYS_MEMORY_MB = 400
const KEYS_LIMIT_MB = 512
/** The share of keys that are in the set already. */
const REPEATED = 0.1

const { values } = parseArgs({ options: { mb: { type: 'string', default: '1000' } } })
const megabytes = Number(values.mb)
const root = packageRoot()
const folder = mkdtempSync(join(tmpdir(), 'sluice-memory-'))

interface Peak {
  /** Of resident memory. */
  readonly mb: number
  readonly seconds: number
}

/** Runs a command in a separate process. */
function peak (args: readonly string[]): Peak {
  return peakOf(`sluice ${args.join(' ')}`, `
    const { cli } = await import(${JSON.stringify(join(root, 'dist/recipes/cli/cli.js'))})
    process.exitCode = await cli(${JSON.stringify(args)})`)
}

/** Adds hashed numbers to a set of keys in a separate process, which fails unless it finds the new ones. */
function peakOfKeys (count: number): Peak {
  const distinct = Math.round(count * (1 - REPEATED))
  return peakOf(`${count} keys`, `
    const { KeySet } = await import(${JSON.stringify(join(root, 'dist/lib/dedup/key-set.js'))})
    const set = new KeySet({ memory: ${KEYS_MEMORY_MB}e6, path: ${JSON.stringify(join(folder, 'keys'))} })
    const key = new Uint32Array(4)
    let added = 0
    for (let i = 0; i < ${count}; i++) {
      for (let word = 0; word < 4; word++) {
        let hash = Math.imul(i % ${distinct} + 1, 0x9e3779b1) + word * 0x85ebca6b
        hash = Math.imul(hash ^ hash >>> 16, 0x7feb352d)
        hash = Math.imul(hash ^ hash >>> 15, 0x846ca68b)
        key[word] = hash ^ hash >>> 16
      }
      if (set.isFull) await set.makeRoom()
      if (set.add(key)) added++
    }
    await set.close()
    if (added !== ${distinct}) throw new Error(added + ' new keys')`)
}

/** Runs a program in a separate process. */
function peakOf (name: string, body: string): Peak {
  const program = `${body}
    // VmHWM, if the system reports it, doesn't include the parent's memory at the time of the fork.
    const status = await import('node:fs').then(fs => fs.promises.readFile('/proc/self/status', 'utf8')).catch(() => '')
    console.log(/VmHWM:\\s+(\\d+) kB/.exec(status)?.[1] ?? process.resourceUsage().maxRSS)`
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(
    process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', cwd: folder }
  )
  if (status !== 0) throw new Error(`${name}: exit code ${String(status)}\n${stderr}`)
  return { mb: Number(stdout.trim()) / 1024, seconds: (performance.now() - started) / 1000 }
}

interface Text {
  readonly id: string
  readonly text: string
}

/** Real text, repeated until there is enough; each copy of a document differs, so that dedup has work. */
function * texts (): Generator<Text[]> {
  const shared = join(root, '../shared/data/web.ndjson.gz')
  if (!existsSync(shared)) {
    spawnSync(process.execPath, [join(root, 'dist/recipes/cli/main.js'), 'quickstart', '--quiet'], { cwd: folder })
  }
  const text = existsSync(shared)
    ? gunzipSync(readFileSync(shared)).toString()
    : readFileSync(join(folder, 'data/quickstart/raw/docs.ndjson'), 'utf8')
  const records = text.trim().split('\n').map(line => JSON.parse(line) as Text)
  // One of them has a megabyte.
  records.push({ id: 'long', text: records.map(record => record.text).join('\n').slice(0, 1e6) })
  for (let given = 0, copy = 0; given < megabytes * 1e6; copy++) {
    const some = records.map(({ id, text }) => ({ id: `${copy}/${id}`, text: `${copy} ${text}` }))
    given += some.reduce((sum, { text }) => sum + text.length, 0)
    yield some
  }
}

/** Texts of a megabyte each, of random characters. */
function * longTexts (): Generator<Text[]> {
  for (let i = 0; i < megabytes; i++) yield [{ id: String(i), text: randomBytes(750_000).toString('base64') }]
}

function writeInput (path: string, encode: (bytes: Buffer) => Uint8Array): void {
  const file = openSync(path, 'w')
  for (const some of texts()) {
    writeSync(file, encode(Buffer.from(some.map(record => JSON.stringify(record) + '\n').join(''))))
  }
  closeSync(file)
}

/** In row groups of the given megabytes of text. */
async function writeParquet (
  path: string,
  groupMegabytes: number,
  texts: () => Iterable<Text[]>,
  pageSize?: number
): Promise<void> {
  const column = (name: string): {
    name: string
    type: 'BYTE_ARRAY'
    converted_type: 'UTF8'
    repetition_type: 'REQUIRED'
  } => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' })
  const file = new ParquetWriter({
    writer: fileWriter(path),
    schema: [{ name: 'root', num_children: 2 }, column('id'), column('text')],
    codec: 'UNCOMPRESSED'
  })
  let group: Text[] = []
  let length = 0
  const write = async (): Promise<void> => {
    await file.write({
      columnData: (['id', 'text'] as const).map(name => ({ name, data: group.map(record => record[name]) })),
      rowGroupSize: group.length,
      ...(pageSize !== undefined && { pageSize })
    })
    group = []
    length = 0
  }
  for (const some of texts()) {
    for (const record of some) {
      group.push(record)
      length += record.text.length
      if (length > groupMegabytes * 1e6) await write()
    }
  }
  if (group.length > 0) await write()
  await file.finish()
}

const filterOf = (dataset: string, input: string): string[] => [
  'filter-corpus', '--dataset', dataset, '--data-files', input, '--target-lang', 'any', '--max-chars', '10000000',
  '--output-path', join(folder, 'out.ndjson'), '--quiet'
]

const checks = new Checks()
try {
  const input = join(folder, 'input.ndjson')
  writeInput(input, bytes => bytes)
  const zstd = join(folder, 'input.ndjson.zst')
  writeInput(zstd, await loadZstdCompressor())
  const parquet = join(folder, 'input.parquet')
  await writeParquet(parquet, 64, texts)
  const large = join(folder, 'large.parquet')
  await writeParquet(large, 256, texts)
  const pages = join(folder, 'pages.parquet')
  await writeParquet(pages, 62, longTexts, 64e6)
  const bombs = { gz: join(folder, 'bomb.ndjson.gz'), zst: join(folder, 'bomb.ndjson.zst') }
  writeFileSync(bombs.gz, gzipBomb(megabytes * 1e7))
  writeFileSync(bombs.zst, zstdBomb(megabytes * 1e7))
  const manifest = join(folder, 'mix.yaml')
  writeFileSync(manifest, JSON.stringify([{
    name: 'large', dataset: 'json', data_files: input, output_dir: join(folder, 'shards')
  }]))
  for (const [name, args] of Object.entries({
    'filter-corpus': filterOf('json', input),
    'process-mixture': [
      'process-mixture', manifest, '--tokenizer-path', join(root, 'test/fixtures/quickstart.model'), '--log-file',
      join(folder, 'stats.json'), '--runs-dir', join(folder, 'runs'), '--quiet'
    ],
    'filter-corpus, .zst': filterOf('json', zstd),
    'filter-corpus, parquet in row groups of 64 MB': filterOf('parquet', parquet),
    'filter-corpus, parquet in row groups of 256 MB': filterOf('parquet', large),
    'filter-corpus, parquet in documents of 1 MB and pages of 62 MB': filterOf('parquet', pages),
    'read, a .gz of one line ten times as long': ['read', bombs.gz, '--max-bad', '1', '--quiet'],
    'read, a .zst of one line ten times as long': ['read', bombs.zst, '--max-bad', '1', '--quiet']
  })) {
    // read starts no threads.
    for (const workers of args[0] === 'read' ? [1] : [1, 2]) {
      const { mb, seconds } = peak(args[0] === 'read' ? args : [...args, '--restart', '--workers', String(workers)])
      const allowed = LIMIT_MB + (workers - 1) * ALLOWED_MB_A_WORKER
      checks.check(`${name}${workers === 1 ? '' : `, --workers ${workers}`} on ${megabytes} MB: ` +
        `at most ${mb.toFixed(0)} MB resident, ${allowed} allowed, in ${seconds.toFixed(0)} s`, mb < allowed)
    }
  }
  const keys = megabytes * KEYS_A_MB
  const { mb, seconds } = peakOfKeys(keys)
  checks.check(`dedup of ${keys} keys in ${KEYS_MEMORY_MB} MB: at most ${mb.toFixed(0)} MB resident, ` +
    `${KEYS_LIMIT_MB} allowed, in ${seconds.toFixed(0)} s`, mb < KEYS_LIMIT_MB)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = checks.end()
