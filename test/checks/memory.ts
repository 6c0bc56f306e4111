/**
 * The peak of resident memory of filter-corpus and process-mixture on a large NDJSON file, and of read on small files that
 * unpack to ten times as much: `npm run memory`, 1 GB; `npm run memory -- --mb 100` for a short form. Fails at 400 MB.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { packageRoot } from '../../lib/package.ts'
import { gzipBomb, zstdBomb } from '../zstd.ts'
import { Checks } from './checks.ts'

const LIMIT_MB = 400

const { values } = parseArgs({ options: { mb: { type: 'string', default: '1000' } } })
const megabytes = Number(values.mb)
const root = packageRoot()
const folder = mkdtempSync(join(tmpdir(), 'sluice-memory-'))

/** Runs a command in a process of its own. @returns its peak of resident memory, in MB, and how long it took */
function peak (args: readonly string[]): { mb: number, seconds: number } {
  const program = `
    const { cli } = await import(${JSON.stringify(join(root, 'dist/recipes/cli.js'))})
    process.exitCode = await cli(${JSON.stringify(args)})
    console.log(process.resourceUsage().maxRSS)`
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', cwd: folder })
  if (status !== 0) throw new Error(`sluice ${args.join(' ')}: exit code ${String(status)}\n${stderr}`)
  return { mb: Number(stdout.trim()) / 1024, seconds: (performance.now() - started) / 1000 }
}

/** Real text, repeated until the file is large enough; each copy of a document is another one, so that dedup has work. */
function writeInput (path: string): void {
  const shared = join(root, '../shared/data/web.ndjson.gz')
  if (!existsSync(shared)) spawnSync(process.execPath, [join(root, 'dist/recipes/main.js'), 'quickstart', '--quiet'], { cwd: folder })
  const text = existsSync(shared) ? gunzipSync(readFileSync(shared)).toString() : readFileSync(join(folder, 'data/quickstart/raw/docs.ndjson'), 'utf8')
  const records = text.trim().split('\n').map(line => JSON.parse(line) as { id: string, text: string })
  const file = openSync(path, 'w')
  for (let written = 0, copy = 0; written < megabytes * 1e6; copy++) {
    written += writeSync(file, records.map(({ id, text }) => JSON.stringify({ id: `${copy}/${id}`, text: `${copy} ${text}` }) + '\n').join(''))
  }
  closeSync(file)
}

const checks = new Checks()
try {
  const input = join(folder, 'input.ndjson')
  writeInput(input)
  const bombs = { gz: join(folder, 'bomb.ndjson.gz'), zst: join(folder, 'bomb.ndjson.zst') }
  writeFileSync(bombs.gz, gzipBomb(megabytes * 1e7))
  writeFileSync(bombs.zst, zstdBomb(megabytes * 1e7))
  const manifest = join(folder, 'mix.yaml')
  writeFileSync(manifest, JSON.stringify([{ name: 'large', dataset: 'json', data_files: input, output_dir: join(folder, 'shards') }]))
  for (const [name, args] of Object.entries({
    'filter-corpus': ['filter-corpus', '--data-files', input, '--target-lang', 'any', '--output-path', join(folder, 'out.ndjson'), '--quiet'],
    'process-mixture': ['process-mixture', manifest, '--tokenizer-path', join(root, 'recipes/quickstart.model'), '--log-file', join(folder, 'stats.json'), '--quiet'],
    'read, a .gz of one line ten times as long': ['read', bombs.gz, '--max-bad', '1', '--quiet'],
    'read, a .zst of one line ten times as long': ['read', bombs.zst, '--max-bad', '1', '--quiet']
  })) {
    const { mb, seconds } = peak(args)
    checks.check(`${name} on ${megabytes} MB: at most ${mb.toFixed(0)} MB resident, ${LIMIT_MB} allowed, in ${seconds.toFixed(0)} s`, mb < LIMIT_MB)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = checks.end()
