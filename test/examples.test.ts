/** Each example runs unchanged. */
import { chmodSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { t } from './tap.ts'
import type { MixStats } from '../recipes/mixture/mix/stats.ts'
import { readNpy } from '../lib/shards/npy.ts'
import { npySink } from '../sinks/npy.ts'
import { pack } from '../transforms/pack.ts'
import { C4, hubForCommands } from './hub/process.ts'
import { command, programPrints } from './commands.ts'
import {
  ROOT, filesIn, folderLikeCheckout, howMany, isThorough, pattern, put, runProgram, temporaryFolder
} from './helpers.ts'
import { ownData } from './own-data.ts'
import { blocksIn } from './pages.ts'

/** A thread takes longer to start than these few documents take. */
const inOneThread = isThorough() ? [] : ['--workers', '1']

const run = (command: string, ...args: string[]): string => runProgram(command, args)

t.test('custom-recipe.mjs: a custom stage between built-in stages', async t => {
  const output = join(temporaryFolder(t), 'out.ndjson')
  const printed = await programPrints('examples/custom-recipe.mjs', ['examples/mail.ndjson', output], ROOT)
  t.match(printed, 'without-signature 6 in, 5 out { only_signature: 1 }')
  t.match(printed, 'dedup 3 in, 2 out { duplicate: 1 }')
  t.strictSame(
    readFileSync(output, 'utf8').trim().split('\n').map(line => (JSON.parse(line) as { id: string }).id), ['m1', 'm6']
  )
})

t.test('pack-alone.mjs: one transform used in another program', async t => {
  t.equal(await programPrints('examples/pack-alone.mjs', [], ROOT), '111 110 101 10 116 119 111 32\n97 110 100 32 ' +
    '97 32 104 97\n108 102 10 116 104 114 101 101\n25 tokens, 1 of them in the tail that fills no sequence\n')
})

t.test('pipe.sh: stages in a shell pipe', async t => {
  const folder = temporaryFolder(t)
  const input = 'examples/mail.ndjson'
  const output = `${folder}/shards/`
  const model = 'test/fixtures/quickstart.model'
  if (isThorough()) {
    run('bash', 'examples/pipe.sh', input, output, model)
  } else {
    // Each command of the pipe gets the output of the previous one, all in one process.
    run('bash', '-n', 'examples/pipe.sh')
    const pipe = /^sluice read[^]*/m.exec(readFileSync(join(ROOT, 'examples/pipe.sh'), 'utf8'))![0]
    const values: Readonly<Record<string, string>> = { input, output, model }
    let printed = ''
    for (const part of pipe.split('|')) {
      const args = part.trim().split(/\s+/).slice(1).map(word =>
        word.replace(/^"\$(\w+)"$/, (_, name: string) => values[name]!))
      const { code, stdout, stderr } = await command(args, { input: printed })
      t.equal(code, 0, stderr)
      printed = stdout
    }
  }
  t.match(readNpy(readFileSync(join(folder, 'shards/shard_00000.npy'))), { rows: 6, columns: 32, dtype: 'int32' })
})

t.test('own-data.sh: from a parquet file to verified shards in at most six commands, as README.md shows', async t => {
  const folder = folderLikeCheckout(t)
  put(folder, 'my.parquet', await ownData())
  const script = readFileSync(join(ROOT, 'examples/own-data.sh'), 'utf8').replaceAll('"$1"', 'my.parquet')
  const [shown] = blocksIn('README.md').filter(({ code }) => code.includes('my.parquet'))
  t.equal(shown!.code, script.slice(script.indexOf('\nnpx sluice ') + 1))
  const commands = shown!.code.replaceAll(/\\\n */g, '').trimEnd().split('\n')
  t.ok(commands.length > 1 && commands.length <= 6, `${commands.length} commands`)
  if (isThorough()) {
    put(folder, 'bin/npx', `#!/bin/sh\nshift\nexec "${process.execPath}" dist/recipes/cli/main.js "$@"\n`)
    chmodSync(join(folder, 'bin/npx'), 0o755)
    run('bash', '-c', `cd '${folder}' && PATH="$PWD/bin:$PATH" bash examples/own-data.sh my.parquet`)
  } else {
    for (const line of commands) {
      const args = line.split(' ').slice(2)
      const isThreaded = !['verify', 'inspect'].includes(args[0]!)
      const { code, stderr } = await command([...args, ...isThreaded ? inOneThread : []], { cwd: folder })
      t.equal(code, 0, `${line}: ${stderr}`)
    }
  }
  const written = readFileSync(join(folder, 'data/my/stats.json'), 'utf8')
  const { sequences, ...stats } = JSON.parse(written) as { sequences: number, verified_at_utc?: string }
  t.ok(sequences > 0, `${sequences} sequences`)
  t.type(stats.verified_at_utc, 'string')
  const shard = readNpy(readFileSync(join(folder, 'data/my/shards/shard_00000.npy')))
  t.match(shard, { rows: sequences, columns: 2048, dtype: 'int32' })
})

t.test('mixture.yaml: a mixture from a manifest', async t => {
  const folder = folderLikeCheckout(t)
  const log = join(folder, 'stats.json')
  const { code, stderr } = await command([
    'process-mixture', 'examples/mixture.yaml', ...inOneThread, '--tokenizer-path',
    join(ROOT, 'test/fixtures/quickstart.model'), '--overwrite', '--log-file', log, '--runs-dir', folder
  ], { cwd: folder })
  t.equal(code, 0, stderr)
  const { stats } = JSON.parse(readFileSync(log, 'utf8')) as { stats: unknown[] }
  t.match(stats, [
    {
      name: 'mail',
      records: 3,
      sequences: 4,
      license: 'CC0-1.0',
      dropped: { 'length.too_short': 2, 'language.other_language': 1 }
    },
    { name: 'docs', dtype: 'uint16' }
  ])
  t.ok(filesIn(join(folder, 'data/examples')).includes('filtered/mail.ndjson.gz'))
})

t.test('training.yaml: a training set in shares of tokens, one of them capped, and a validation side', async t => {
  const folder = folderLikeCheckout(t)
  const shards = await command([
    'process-mixture', 'examples/training.yaml', ...inOneThread, '--tokenizer-path',
    join(ROOT, 'test/fixtures/quickstart.model'), '--runs-dir', folder
  ], { cwd: folder })
  t.equal(shards.code, 0, shards.stderr)
  const { code, stdout, stderr } = await command(['mix', 'examples/training.yaml', '--json'], { cwd: folder })
  t.equal(code, 0, stderr)
  t.match(stderr, /sluice: warning: mix: mail: 4 epochs give a share of \d/)
  const { stats, mixture: { sources } } = JSON.parse(stdout) as MixStats
  t.match(stats.map(({ name }) => name), ['train', 'validation'])
  t.match(sources.map(({ name, epochs }) => [name, epochs > 3.9]), [['mail', true], ['docs', false]])
  t.ok(Math.abs(sources.reduce((sum, { tokens }) => sum + tokens, 0) - 8000) < 128)
})

t.test('my-stage.yaml: a manifest with a custom stage', async t => {
  const folder = folderLikeCheckout(t)
  const log = join(folder, 'stats.json')
  const { code, stderr } = await command([
    'process-mixture', 'examples/my-stage.yaml', '--tokenizer-path', join(ROOT, 'test/fixtures/quickstart.model'),
    '--workers', String(howMany(1, 2)), '--log-file', log, '--runs-dir', folder
  ], { cwd: folder })
  t.equal(code, 0, stderr)
  const { stats } = JSON.parse(readFileSync(log, 'utf8')) as { stats: unknown[] }
  t.match(stats, [{
    name: 'own',
    records: 4,
    stages: [{ stage: 'ndjson' }, { stage: 'repetition', in: 6, out: 6 }, { stage: 'normalize' }, { stage: 'length' }]
  }])
  const kept = gunzipSync(readFileSync(join(folder, 'data/examples/filtered/own.ndjson.gz'))).toString()
  t.match(JSON.parse(kept.split('\n')[0]!), { id: 'm1', meta: { lines: 4 } })
  const refused = put(folder, 'refused.yaml', readFileSync(join(ROOT, 'examples/my-stage.yaml'), 'utf8')
    .replace('0.2', '2'))
  t.match(await command(['check', refused], { cwd: folder }), {
    code: 2,
    stderr: pattern(
      /refused\.yaml:7:22: examples\/my-stage\.mjs: its function stage has failed: /,
      /max_share: expected a number from 0 to 1, got 2/
    )
  })
})

t.test('from-hub.mjs: a dataset on the Hub', async t => {
  await hubForCommands(t, { repos: [C4] })
  const output = join(temporaryFolder(t), 'out.ndjson')
  const printed = await programPrints('examples/from-hub.mjs', ['allenai/c4', 'en', output], ROOT)
  t.match(printed, pattern(
    /^allenai\/c4 at [0-9a-f]{40}: 2 files, licence odc-by\n/,
    /16 documents, the last one before c4-train\.00001-of-01024\.json\.gz \d+\n$/
  ))
  t.match(JSON.parse(readFileSync(output, 'utf8').split('\n')[0]!), {
    id: 'hf://datasets/allenai/c4/en/c4-train.00000-of-01024.json.gz#0', meta: { url: 'https://example.org/0/0' }
  })
})

t.test('web-streams.mjs: web streams at both ends of a flow', async t => {
  const printed = await programPrints('examples/web-streams.mjs', [], ROOT)
  t.equal(printed, 'The gate is open, and two barges pass.\nThe water goes over the weir.\n\n{ in: 3, out: 2, ' +
    'dropped: { too_short: 1 } }\n')
})

t.test('generators.mjs: async generators at both ends of a flow', async t => {
  const printed = await programPrints('examples/generators.mjs', ['test/fixtures/quickstart.model'], ROOT)
  t.match(printed, /^(?:8 ids, the first is \d+\n){3}$/)
})

interface LoadedRow {
  readonly ids: Int32Array
  readonly documents?: ReadonlyArray<{ column: number, length: number, offset: number, id: bigint }>
}

/** What is tested of `examples/load-shards.mjs`; torch_dataset.py is tested by `npm run judges`. */
interface LoadShards {
  readonly loadShards: (
    folders: readonly string[], options?: Readonly<Record<string, unknown>>
  ) => AsyncGenerator<LoadedRow>
}

t.test('load-shards.mjs: rows for ranks, each once in an epoch, with their documents', async t => {
  const folder = temporaryFolder(t)
  const documents = Array.from({ length: 60 }, (_, i) => ({
    id: `d${i}`, ids: new Int32Array(1 + 7 * i % 19).fill(i + 1), meta: {}
  }))
  const packed = pack({ seqLen: 8, packing: 'best_fit', packingWindow: 10, padId: 0 })
  await pipeline(Readable.from(documents), packed, npySink(folder, { sequencesPerShard: 20 }))
  const all = filesIn(folder).filter(name => name.endsWith('.npy')).flatMap(name => {
    const { rows, data } = readNpy(readFileSync(join(folder, name)))
    return Array.from({ length: rows }, (_, row) => data.subarray(8 * row, 8 * row + 8).join(' '))
  })
  const padding = all.join(' ').split(' ').filter(id => id === '0').length
  t.equal(await programPrints('examples/load-shards.mjs', [folder], ROOT),
    `${all.length} rows, 60 documents begin in them, ${padding} ids are padding\n`)
  const { loadShards } = await import(pathToFileURL(join(ROOT, 'examples/load-shards.mjs')).href) as LoadShards
  const read = async (options: Readonly<Record<string, unknown>>, folders = [folder]): Promise<string[]> => {
    const rows: string[] = []
    for await (const { ids } of loadShards(folders, options)) rows.push(ids.join(' '))
    return rows
  }

  const whole = await read({ seed: 5 })
  t.strictSame(await read({ shuffle: false }), all)
  t.strictSame(whole.toSorted(), all.toSorted(), 'all rows')
  t.notSame(whole, all, 'in another order')
  t.notSame(await read({ seed: 5, epoch: 1 }), whole, 'which differs in each epoch')
  const ranks = [0, 1, 2].map(rank => ({ seed: 5, rank, worldSize: 3 }))
  const ofRanks = await Promise.all(ranks.map(options => read(options)))
  const each = Math.floor(all.length / 3)
  t.strictSame(ofRanks, ranks.map(({ rank }) => whole.slice(0, 3 * each).filter((_, i) => i % 3 === rank)))
  t.strictSame(await read({ seed: 5, start: 12 }), whole.slice(12), 'resumed by another number of ranks')

  for await (const { ids, documents } of loadShards([folder], { documents: true })) {
    const expected = new Int32Array(8)
    for (const { column, length } of documents!) expected.fill(ids[column]!, column, column + length)
    t.strictSame(ids, expected, 'a document has the same id in all of its columns, and the rest is padding')
  }
  const weighted = await read({ weights: [1, 3] }, [folder, folder])
  t.equal(weighted.length, all.length + Math.floor(all.length / 3 + 0.5), 'three times as many of the second folder')
  await t.rejects(read({ rank: 2, worldSize: 2 }), /rank 2: expected 0 to 1/)
  await t.rejects(read({ weights: [1], shuffle: false }), /weights need shuffle/)
  await t.rejects(read({ weights: [0] }), /weights 0: expected a positive number for each of 1 folders/)
})

t.test('every example has a test', async t => {
  const untested = /^(README\.md|(hub_.*|tinystories)\.yaml)$/
  t.strictSame(readdirSync(join(ROOT, 'examples')).filter(name => !untested.test(name)).sort(), [
    'custom-recipe.mjs', 'from-hub.mjs', 'generators.mjs', 'load-shards.mjs', 'mail.ndjson', 'mixture.yaml',
    'my-stage.mjs', 'my-stage.yaml', 'own-data.sh', 'pack-alone.mjs', 'pipe.sh', 'schedule', 'torch_dataset.py',
    'training.yaml', 'web-streams.mjs'
  ])
})
