import { execFileSync } from 'node:child_process'
import {
  closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync
} from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../lib/hash.ts'
import { npyHeader } from '../../lib/shards/npy.ts'
import type { Finding } from '../../lib/verify/shards.ts'
import type { ComponentStats } from '../../recipes/components/component-stats.ts'
import type { Inventory } from '../../recipes/inventory/inventory.ts'
import type { MixtureStats } from '../../recipes/mixture/stats.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { VerifyError, verify as verifyIn } from '../../recipes/verify.ts'
import { commandsHereIn } from '../commands.ts'
import {
  answers, failure, filesIn, fixture, folderInMemory, howMany, ndjsonOf, pattern, put, temporaryFolder
} from '../helpers.ts'
import { type Test, t } from '../tap.ts'

const run = commandsHereIn(t)

const MODEL = fixture('tiny.model')

/** Also writes the text inventory next to the stats. */
const verify: typeof verifyIn = (stats, options, run) => verifyIn(stats, { inventory: `${stats}.md`, ...options }, run)

interface Made {
  readonly folder: string
  readonly stats: string
  /** Path of a shard of component `a` or `b`. */
  readonly shard: (component: string, index: number) => string
}

/**
 * Shards of two components, with their stats: five shards of seven sequences and a last one of four; a sequence has
 * 64 ids.
 */
async function made (t: Test): Promise<Made> {
  const folder = folderInMemory(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(answers().records))
  const component = (name: string): unknown => ({
    name, dataset: 'json', data_files: data, seq_len: 64, sequences_per_shard: 7, output_dir: join(folder, name)
  })
  const manifest = put(folder, 'mix.yaml', JSON.stringify([component('a'), component('b')]))
  const stats = join(folder, 'stats.json')
  await processMixture(manifest, { tokenizerPath: MODEL, logFile: stats, runsDir: join(folder, 'runs') })
  return { folder, stats, shard: (component, index) => join(folder, component, `shard_0000${index}.npy`) }
}

/** Changes bytes of a file in place. */
function overwrite (path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

/** Changes the stats of component `a`. */
function change (
  path: string,
  edit: (stats: Record<string, unknown> & { shard_files: Array<Record<string, unknown>> }) => void
): void {
  const content = JSON.parse(readFileSync(path, 'utf8')) as { stats: unknown[] }
  edit(content.stats[0] as never)
  writeFileSync(path, JSON.stringify(content))
}

async function findings (stats: string, options: Parameters<typeof verify>[1] = {}): Promise<readonly Finding[]> {
  const error = await failure(verify(stats, options))
  if (!(error instanceof VerifyError)) throw error
  return error.findings
}

t.test('shards that match their stats give an inventory', async t => {
  const { folder, stats, shard } = await made(t)
  const inventory = await verify(stats, { tokenizerPath: MODEL })
  const mixture = JSON.parse(readFileSync(stats, 'utf8')) as MixtureStats
  t.match(inventory, { stats, stats_sha256: sha256(readFileSync(stats)), quick: false, tokenizer_verified: true })
  t.ok(Math.abs(Date.parse(inventory.verified_at_utc) - Date.now()) < 60_000)
  t.match(inventory.verified_at_utc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.strictSame(inventory.components.map(({ name }) => name), ['a', 'b'])
  const bytes = mixture.stats[0]!.shard_files.reduce((sum, { bytes }) => sum + bytes, 0)
  t.strictSame(inventory.components[0]!.totals, { shards: 5, sequences: 32, tokens: 32 * 64, bytes })
  t.strictSame(inventory.totals, { shards: 10, sequences: 64, tokens: 2 * 32 * 64, bytes: 2 * bytes })
  t.strictSame(inventory.components[0]!.shards[4], {
    path: shard('a', 4),
    bytes: 128 + 4 * 64 * 4,
    sequences: 4,
    dtype: 'int32',
    sha256: sha256(readFileSync(shard('a', 4)))
  })
  t.strictSame(JSON.parse(readFileSync(join(folder, 'stats.inventory.json'), 'utf8')), inventory)
})

t.test('the stats of one dataset, in each type', async t => {
  const folder = temporaryFolder(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(answers().records))
  for (const dtype of (['uint16', 'int32', 'uint32'] as const).slice(0, howMany(2, 3))) {
    const outputDir = join(folder, dtype)
    const logFile = join(folder, `${dtype}.json`)
    await shardCorpus({ dataFiles: data, tokenizerPath: MODEL, outputDir, seqLen: 64, dtype, logFile })
    const inventory = await verify(logFile, { inventoryJson: join(folder, 'inventory', 'here.json') })
    t.match(inventory, {
      totals: { shards: 1, sequences: 32 }, components: [{ shards: [{ dtype }] }], tokenizer_verified: false
    })
    // This is the id at index 64 if ids have four bytes, or at index 128 if they have two.
    overwrite(join(outputDir, 'shard_00000.npy'), 128 + 64 * 4, Buffer.of(85, 0, 0, 0))
    const place = dtype === 'uint16' ? 'row 2, column 0' : 'row 1, column 0'
    t.strictSame((await findings(logFile)).map(({ check, found, expected }) => ({ check, found, expected })), [
      { check: 'ids', found: `id 85 in ${place} is not in the vocabulary`, expected: '0 to 84' },
      {
        check: 'sha256',
        found: `has SHA-256 ${sha256(readFileSync(join(outputDir, 'shard_00000.npy')))}`,
        expected: (JSON.parse(readFileSync(logFile, 'utf8')) as ComponentStats).shard_files[0]!.sha256
      }
    ])
  }
  t.ok(filesIn(folder).includes('inventory/here.json'))
})

t.test('a component without sequences has no shards, and needs no folder', async t => {
  const folder = temporaryFolder(t)
  const logFile = join(folder, 'stats.json')
  await shardCorpus({
    dataFiles: put(folder, 'a.ndjson', ndjsonOf([{ text: 'short' }])),
    tokenizerPath: MODEL,
    outputDir: join(folder, 'shards'),
    logFile
  })
  t.match(await verify(logFile), { totals: { shards: 0, sequences: 0, tokens: 0, bytes: 0 } })
  rmSync(join(folder, 'shards'), { recursive: true })
  t.match(await verify(logFile), { totals: { shards: 0 } })
})

t.test('all differences of all components are reported, with file, found and expected value', async t => {
  const { folder, stats, shard } = await made(t)
  rmSync(shard('a', 0))
  truncateSync(shard('a', 1), 1000)
  overwrite(shard('a', 2), 128 + 4 * (64 * 3 + 5), Buffer.from('ffffffffffffff7f', 'hex')) // -1, and a large id
  overwrite(shard('a', 3), 0, Buffer.from('PK'))
  put(join(folder, 'a'), 'shard_00009.npy', readFileSync(shard('a', 4)))
  put(join(folder, 'a'), 'other.npy', '')
  put(join(folder, 'a'), 'notes.txt', 'no shard')
  overwrite(shard('b', 0), 0, npyHeader({ dtype: 'int32', rows: 14, columns: 32 }))
  overwrite(shard('b', 1), 0, npyHeader({ dtype: 'uint32', rows: 7, columns: 64 }))
  overwrite(shard('b', 2), 0, npyHeader({ dtype: 'uint16', rows: 7, columns: 64 }))
  const all = await findings(stats, { tokenizerPath: fixture('bpe.model') })
  const found = all.map(({ file, check, found, expected }) => [
    file.slice(folder.length + 1), check, found.replace(/[0-9a-f]{64}/, 'H'), expected.replace(/^[0-9a-f]{64}/, 'H')
  ])
  const other = [fixture('bpe.model').slice(folder.length + 1), 'tokenizer', 'has SHA-256 H']
  const hash = ['sha256', 'has SHA-256 H', 'H']
  t.strictSame(found, [
    [...other, 'H, which made the shards of a'],
    ['a/shard_00000.npy', 'missing', 'is not there', 'a shard of 1920 bytes'],
    ['a/shard_00001.npy', 'bytes', 'has 1000 bytes', '1920'],
    ['a/shard_00002.npy', 'ids', 'id -1 in row 3, column 5, the first of 2, is not in the vocabulary', '0 to 84'],
    ['a/shard_00002.npy', ...hash],
    [
      'a/shard_00003.npy',
      'header',
      'not a .npy file of format 1.0: it begins with 504b554d50590100',
      'format 1.0, C order, int32, shape (7, 64)'
    ],
    ['a/shard_00003.npy', ...hash],
    ['a/other.npy', 'unlisted', 'is there', 'no .npy file but the 5 of the stats'],
    ['a/shard_00009.npy', 'unlisted', 'is there', 'no .npy file but the 5 of the stats'],
    [...other, 'H, which made the shards of b'],
    ['b/shard_00000.npy', 'shape', 'has shape (14, 32)', '(7, 64)'],
    ['b/shard_00000.npy', ...hash],
    ['b/shard_00001.npy', 'dtype', 'holds uint32', 'int32'],
    ['b/shard_00001.npy', ...hash],
    ['b/shard_00002.npy', 'dtype', 'holds uint16', 'int32'],
    ['b/shard_00002.npy', 'bytes', 'has 1920 bytes', '1024, by its header'],
    ['b/shard_00002.npy', ...hash]
  ])
  const error = await failure(verify(stats))
  t.match(error, { code: 'ERR_VERIFY', exitCode: 1 })
  t.equal((error as Error).message.split('\n').length, 1 + 15)
  t.notOk(filesIn(folder).includes('stats.inventory.json'))
})

t.test('--quick checks sizes and headers, and reads no data', async t => {
  const { stats, shard } = await made(t)
  overwrite(shard('a', 2), 1000, Buffer.from('changed!'))
  t.match(await verify(stats, { quick: true }), { quick: true, components: [{ shards: [{ sha256: null }] }, {}] })
  truncateSync(shard('b', 0), 1919)
  t.match(await findings(stats, { quick: true }), [{ check: 'bytes', found: 'has 1919 bytes', expected: '1920' }])
  t.match((await findings(stats)).map(({ check }) => check), ['ids', 'sha256', 'bytes'])
})

t.test('contradictory stats are findings', async t => {
  const { stats } = await made(t)
  const expect = async (edit: Parameters<typeof change>[1], ...lines: string[]): Promise<void> => {
    const before = readFileSync(stats)
    change(stats, edit)
    const contradictions = (await findings(stats)).filter(({ file }) => file === stats)
    t.strictSame(contradictions.map(({ found, expected }) => `${found}, expected ${expected}`), lines)
    writeFileSync(stats, before)
  }
  await expect(stats => { stats.shards = 6 }, 'a: shards is 6, expected 5, the number of shard_files')
  await expect(
    stats => { stats.sequences = 33 }, 'a: sequences is 33, expected 32, the sum over shard_files',
    'a: tokens is 2075, expected 2139, which is sequences * seq_len + tail_tokens'
  )
  await expect(stats => { stats.tail_tokens = 91; stats.tokens = 2139 }, 'a: tail_tokens is 91, ' +
    'expected less than seq_len, 64')
  await expect(
    stats => { stats.shard_files.splice(1, 1); stats.shards = 4; stats.sequences = 25; stats.tokens = 25 * 64 + 27 },
    ...[1, 2, 3].map(i => `a: shard_files[${i}].file is shard_0000${i + 1}.npy, expected shard_0000${i}.npy`)
  )
  await expect(
    stats => {
      Object.assign(stats.shard_files[0]!, { sequences: 6 })
      Object.assign(stats.shard_files[1]!, { sequences: 8 })
    },
    'a: shard_files[1].sequences is 8, expected 6, as in the first shard',
    'a: shard_files[2].sequences is 7, expected 6, as in the first shard',
    'a: shard_files[3].sequences is 7, expected 6, as in the first shard'
  )
  await expect(
    stats => {
      Object.assign(stats.shard_files[4]!, { sequences: 8 })
      Object.assign(stats, { sequences: 36, tokens: 36 * 64 + 27 })
    },
    'a: shard_files[4].sequences is 8, expected at most 7, as in the first shard'
  )
})

t.test('an unreadable shard is a finding, as is a folder', async t => {
  const { folder, stats, shard } = await made(t)
  rmSync(shard('a', 0))
  put(shard('a', 0), 'x', 'a folder has its name')
  renameSync(join(folder, 'b'), join(folder, 'gone'))
  put(folder, 'b', 'a file has its name')
  t.match(await findings(stats), [
    { file: shard('a', 0), check: 'missing', found: 'cannot be read: is a folder, expected a file' },
    {
      file: join(folder, 'b'),
      check: 'missing',
      found: /^cannot be read: a part of the path is a file/,
      expected: 'a folder with 5 shards'
    }
  ])
})

t.test('stats of another shape are an error with an explanation', async t => {
  const folder = temporaryFolder(t)
  const { stats } = await made(t)
  const component = (JSON.parse(readFileSync(stats, 'utf8')) as { stats: object[] }).stats[0]!
  const { shard_files: _, ...older } = component as Record<string, unknown>
  for (const [content, message] of [
    ['{"stats": [', /x\.json: is not JSON: .*expected the stats file of a run/],
    ['[]', /x\.json: has neither stats nor output_dir/],
    ['null', /has neither stats/],
    [
      '{"name":"a","output":"x.ndjson"}',
      /has neither stats nor output_dir, expected the stats file that process-mixture or shard-corpus writes/
    ],
    [
      JSON.stringify({ stats: [component, older] }),
      /x\.json: stats\[1\]\.shard_files: expected a list, it is missing\n.*older version/
    ],
    [JSON.stringify(older), /x\.json: shard_files: expected a list, it is missing/],
    [JSON.stringify({ stats: {} }), /x\.json: stats: expected a list, got a mapping/],
    [
      JSON.stringify({ ...component, sequences: '3', dtype: 'int8' }),
      pattern(
        /x\.json: sequences: expected a number, got "3"\n/,
        /.*x\.json: dtype: expected "int32" or "uint16" or "uint32", got "int8"$/
      )
    ],
    [
      JSON.stringify({
        ...component, shard_files: [{ file: '../secret', sequences: 1, bytes: 1, sha256: 'ab'.repeat(32) }]
      }),
      /x\.json: shard_files\[0\]\.file: expected the name of a shard, such as shard_00000\.npy, got "\.\.\/secret"/
    ],
    [JSON.stringify({ stats: Array.from({ length: 3 }, () => ({})) }), /… and 13 more/]
  ] as const) {
    const error = await failure(verify(put(folder, 'x.json', content)))
    t.match(error, { code: 'ERR_STATS', exitCode: 2 }, content.slice(0, 60))
    t.match((error as Error).message, message)
  }
  t.match(await failure(verify(join(folder, 'none.json'))), {
    code: 'ERR_STATS', message: /none\.json: cannot be read: no such file/
  })
  t.strictSame(filesIn(folder), ['x.json'])
})

t.test('no existing file is destroyed: the inventory can\'t replace the stats or the model', async t => {
  const { stats, folder } = await made(t)
  t.match(await failure(verify(stats, { inventoryJson: stats })), { code: 'ERR_OUTPUT_EXISTS' })
  const model = put(folder, 'm.model', readFileSync(MODEL))
  t.match(await failure(verify(stats, { tokenizerPath: model, inventoryJson: model })), { code: 'ERR_OUTPUT_EXISTS' })
  t.match(await failure(verify(stats, { inventoryJson: join(stats, 'x.json') })), {
    code: 'ERR_OPTION', message: /would be in/
  })
  t.match(await failure(verify(stats, { tokenizerPath: join(folder, 'none.model') })), { code: 'ERR_TOKENIZER' })
})

t.test('an abort stops it, before a shard and within one', async t => {
  const { stats, shard, folder } = await made(t)
  // Either of them may come first.
  t.match(await failure(verify(stats, {}, { signal: AbortSignal.abort() })), {
    code: 'ERR_ABORTED', message: /^[ab]: stopped$/
  })
  // Sparse files that take seconds to read: one whose header is read, and one that is only hashed.
  const columns = 2 ** 20
  const rows = 2 ** 10
  const headers = [npyHeader({ dtype: 'int32', rows, columns }), Buffer.from('no header')]
  for (const header of headers.slice(0, howMany(1, 2))) {
    overwrite(shard('a', 0), 0, header)
    const bytes = 128 + 4 * rows * columns
    truncateSync(shard('a', 0), bytes)
    change(stats, component => { Object.assign(component.shard_files[0]!, { bytes }) })
    const started = performance.now()
    t.match(await failure(verify(stats, {}, { signal: AbortSignal.timeout(100) })), { code: 'ERR_ABORTED' })
    t.ok(performance.now() - started < 2000)
  }
  t.notOk(filesIn(folder).includes('stats.inventory.json'))
})

t.test('a component that failed when the shards were made is a finding', async t => {
  const { stats } = await made(t)
  const content = JSON.parse(readFileSync(stats, 'utf8')) as object
  writeFileSync(stats, JSON.stringify({ ...content, failed: [{ name: 'c', code: null, error: 'x' }] }))
  t.match(await run(['verify', stats, '--inventory', `${stats}.md`]), {
    code: 1,
    stdout: '',
    stderr: pattern(
      /component c failed when the shards were made, expected shards of all components; /,
      /run it again \[ERR_VERIFY\]/
    )
  })
})

t.test('an inventory replaces no shard, and is deleted at a finding, such as a pipe in place of a shard', async t => {
  const { stats, shard } = await made(t)
  t.match(await failure(verify(stats, { inventoryJson: shard('a', 0) })), {
    code: 'ERR_OUTPUT_EXISTS', message: /is an input as well/
  })
  await verify(stats)
  t.ok(existsSync(stats.replace('.json', '.inventory.json')))
  rmSync(shard('a', 0))
  execFileSync('mkfifo', [shard('a', 0)])
  t.match(await failure(verify(stats)), { code: 'ERR_VERIFY', message: /is a pipe or a device, expected a file/ })
  t.notOk(existsSync(stats.replace('.json', '.inventory.json')))
})

t.test('the command prints a table, or JSON with --json', async t => {
  const { stats, shard, folder } = await made(t)
  const sluice = (args: readonly string[]): ReturnType<typeof run> =>
    run([...args, ...(args.includes('--inventory') ? [] : ['--inventory', join(folder, 'i.md')])])
  const shown = await sluice(['verify', stats])
  t.match(shown, {
    code: 0,
    stderr: '',
    stdout: pattern(
      /^component +shards +sequences +tokens +MB\na +5 +32 +2,048 +0\.0\nb.*\nall +10 +64 +4,096 +0\.0\n\n/,
      /component +documents +different +repeated\na +\d.*\nb.*\n\n/,
      /components +documents in both +of the first +of the second\na, b +\d+ +100\.0 % +100\.0 %\n\n/,
      /The shards match their stats\.\n$/
    )
  })
  t.match((await sluice(['verify', stats, '--quick'])).stdout, 'the data was not read')
  const json = await sluice(['verify', stats, '--json'])
  t.match(JSON.parse(json.stdout) as Inventory, { totals: { shards: 10 } })
  t.match(
    (await sluice(['verify', stats, '--inventory', '-', '--quiet'])).stdout, /^# Data inventory\n\n## .*stats\.json\n/
  )
  const piped = await sluice(['verify', stats, '--inventory-json', '-', '--quiet'])
  t.match(JSON.parse(piped.stdout) as Inventory, { totals: { shards: 10 } })
  rmSync(shard('b', 1))
  const failed = await sluice(['verify', stats, '--json'])
  t.match(failed, { code: 1, stderr: /shard_00001\.npy: is not there, expected a shard of 1920 bytes \[ERR_VERIFY\]/ })
  t.strictSame(JSON.parse(failed.stdout), {
    stats,
    findings: [{
      component: 'b', check: 'missing', file: shard('b', 1), found: 'is not there', expected: 'a shard of 1920 bytes'
    }]
  })
})
