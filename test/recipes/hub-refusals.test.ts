/** Datasets on a stand-in Hub that can't be pulled: their errors, and that a partial pull can be resumed. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../tap.ts'
import { type ErrorCode, errorCodes } from '../../lib/errors.ts'
import { closeHubs } from '../../lib/hub/hub.ts'
import { shardCorpus, type shardCorpusOptions } from '../../recipes/shard-corpus.ts'
import type { z } from 'zod'
import { smallDisk } from '../disks.ts'
import { command } from '../commands.ts'
import { failure, filesIn, fixture, folderInMemory, ndjsonOf, pattern } from '../helpers.ts'
import { CODE, TOKEN, codeOf, hubFor, pulledIn, tables } from './hub-datasets.ts'

type Options = z.input<typeof shardCorpusOptions>

interface Case {
  readonly code: ErrorCode
  readonly asked: Omit<Options, 'output'>
  readonly says: RegExp
  readonly environment?: Readonly<Record<string, string>>
}

const TEXT = { 'a.jsonl': ndjsonOf([{ id: 'a', text: 'a' }, { id: 'b', text: 'b' }]) }

/** In the footer, the codec of the column `text`: field 4 after its path, an integer in zigzag; 3 is LZO. */
function withLzo (): Buffer {
  const bytes = readFileSync(fixture('parquet/required.parquet'))
  bytes[bytes.indexOf('\x19\x18\x04text\x15\x02', 'latin1') + 8] = 6
  return bytes
}

const REPOS = [
  CODE,
  { name: 'some/private', private: true, files: TEXT },
  { name: 'some/gated', gated: 'manual' as const, files: TEXT },
  { name: 'some/broken', files: { ...TEXT, 'README.md': '---\nlicense: [mit\nconfigs: {\n---\n' } },
  { name: 'some/script', files: { 'README.md': '---\nlicense: mit\n---\n', 'script.py': 'import datasets' } },
  { name: 'some/gz', files: { 'a.jsonl.gz': TEXT['a.jsonl'] } },
  { name: 'some/zst', files: { 'a.jsonl.zst': TEXT['a.jsonl'] } },
  { name: 'some/html', files: { 'a.parquet': '<html>no parquet, and long enough to be one</html>' } },
  { name: 'some/bytes', files: { 'a.jsonl': Buffer.from(Array.from({ length: 300 }, (_, i) => i * 7 % 256)) } },
  { name: 'some/lzo', files: { 'a.parquet': withLzo() } },
  { name: 'some/table', files: { 'a.csv': 'title,body\na,b\n' } }
]

const cases: Readonly<Record<string, Case>> = {
  'a missing dataset': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/none' },
    says: /some\/none@main: there is no such dataset at http:\S+, or it is private: set HF_TOKEN/
  },
  'a private dataset without a token': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/private' },
    says: /some\/private@main: there is no such dataset at \S+, or it is private: set HF_TOKEN .*huggingface-cli login/
  },
  'a gated dataset without a token': {
    code: 'ERR_HUB',
    asked: { dataset: 'some/gated' },
    says: /some\/gated.*: to get access, accept its terms on http:\S+\/datasets\/some\/gated;.* set HF_TOKEN/
  },
  'a gated dataset with a token of another account': {
    code: 'ERR_HUB',
    asked: { dataset: 'some/gated' },
    environment: { HF_TOKEN: 'hf_stranger' },
    says: /datasets\/some\/gated; use the account of the token in use/
  },
  'a missing revision': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/code', revision: 'v9' },
    says: /some\/code@v9: there is no such revision; its branches and tags are listed on \S+\/some\/code\/tree\/main/
  },
  'a missing subset': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/tables', subset: 'fr' },
    says: /some\/tables has no subset "fr"; its subsets are: en, de/
  },
  'no subset, although there are several': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/tables' },
    says: /some\/tables has several subsets and no default; name one of them: en, de/
  },
  'a missing split': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/code', split: 'train[:10%]' },
    says: /"train\[:10%\]" is not the name of a split: .* use --limit; .*the splits of .* are: train, test/
  },
  'a missing file': {
    code: 'ERR_DATASET',
    asked: { dataset: 'some/code', dataFiles: 'data/none-*.jsonl' },
    says: /some\/code.*data\/none-\*\.jsonl.*data\/test\.jsonl/s
  },
  'a missing column of NDJSON': {
    code: 'ERR_SOURCE',
    asked: { dataset: 'some/code', textColumn: 'content' },
    says: pattern(
      /train-2\.jsonl: none of 900 records has a text in its field content; /,
      /the first one has "id", "text", "license", "repo_name", "size"; name the field/
    )
  },
  'a missing column of CSV': {
    code: 'ERR_SOURCE',
    asked: { dataset: 'some/table' },
    says: /a\.csv: has no column text, its columns are "title", "body"/
  },
  'a missing column of parquet': {
    code: 'ERR_SOURCE',
    asked: { dataset: 'some/tables', subset: 'en', textColumn: 'content' },
    says: /en\/a\.parquet: has no column content; it has text, url, big/
  },
  'a missing further column': {
    code: 'ERR_SOURCE',
    asked: { dataset: 'some/tables', subset: 'en', ...{ columns: 'date' } },
    says: /en\/a\.parquet: has no column date; it has text, url, big/
  },
  'a card with invalid YAML': {
    code: 'ERR_DATASET', asked: { dataset: 'some/broken' }, says: /some\/broken: .*README\.md.*data_files/s
  },
  'a loading script': { code: 'ERR_DATASET', asked: { dataset: 'some/script' }, says: /some\/script.*script\.py/s },
  'lines with the extension of gzip': {
    code: 'ERR_SOURCE',
    asked: { dataset: 'some/gz' },
    says: /a\.jsonl\.gz: is not gzip data, as its extension says/
  },
  'lines with the extension of zstd': {
    code: 'ERR_SOURCE',
    asked: { dataset: 'some/zst' },
    says: /a\.jsonl\.zst: is not zstd data, as its extension says/
  },
  'a page with the extension of parquet': {
    code: 'ERR_SOURCE', asked: { dataset: 'some/html' }, says: /a\.parquet: is an HTML page; get the data itself/
  },
  'bytes with the extension of lines': {
    code: 'ERR_BAD_RECORDS',
    asked: { dataset: 'some/bytes' },
    says: /a\.jsonl: 3 of 3 records are bad \(bad_utf8: 2, bad_json: 1\)/
  },
  'parquet of an unknown codec': { code: 'ERR_SOURCE', asked: { dataset: 'some/lzo' }, says: /a\.parquet: .*LZO/ },
  'a limit of 0': {
    code: 'ERR_OPTION', asked: { dataset: 'some/code', limit: 0 }, says: /limit: expected .*1.*, got 0/
  },
  'a negative limit': {
    code: 'ERR_OPTION', asked: { dataset: 'some/code', limit: -1 }, says: /limit: expected .*1.*, got -1/
  },
  'an invalid name': {
    code: 'ERR_OPTION',
    asked: { dataset: 'some/code/more' },
    says: /some\/code\/more cannot be read, expected .*OWNER\/NAME of a dataset on the Hub/
  },
  'offline mode': {
    code: 'ERR_HUB',
    asked: { dataset: 'some/code' },
    environment: { HF_HUB_OFFLINE: '1' },
    says: /some\/code.*HF_HUB_OFFLINE/
  },
  'an unreachable Hub': {
    code: 'ERR_HUB',
    asked: { dataset: 'some/code', maxRetries: 1 },
    environment: { HF_ENDPOINT: 'http://127.0.0.1:9' },
    says: /some\/code@main: the connection was refused/
  }
}

t.test('a dataset that can\'t be pulled is refused with the alternatives, and no file is left', async t => {
  const endpoint = (await hubFor(t, [...REPOS, await tables()], { stranger: 'hf_stranger' })).endpoint
  const folder = folderInMemory(t)
  for (const [name, { code, asked, says, environment = {} }] of Object.entries(cases)) {
    Object.assign(process.env, environment)
    const error = await failure(shardCorpus({ output: join(folder, 'raw/a.ndjson'), maxBad: 0, ...asked }))
    t.match(error, { code, exitCode: errorCodes[code].exit, message: says }, name)
    t.strictSame(filesIn(folder), [], `${name}: no file is left`)
    for (const key of Object.keys(environment)) Reflect.deleteProperty(process.env, key)
    process.env.HF_ENDPOINT = endpoint
  }
})

t.test('the command line prints one line with the code, and sets the exit code', async t => {
  await hubFor(t, [CODE])
  const folder = folderInMemory(t)
  t.match(
    await command(['shard-corpus', '--dataset', 'some/none', '--output', 'a.ndjson'], { cwd: folder }),
    { code: 2, stdout: '', stderr: /^sluice: some\/none@main: there is no such dataset [^\n]*\[ERR_DATASET\]\n$/ }
  )
  t.match(await command(
    ['shard-corpus', '--dataset', 'some/code', '--output', 'a.ndjson', '--limit', '-1'], { cwd: folder }
  ), { code: 2, stdout: '', stderr: /--limit: .*\[ERR_OPTION\]/ })
  t.strictSame(filesIn(folder), [])
})

t.test('the refused datasets are read with the token, or with file names', async t => {
  const hub = await hubFor(t, REPOS, { environment: { HF_TOKEN: TOKEN } })
  const folder = folderInMemory(t)
  for (const asked of [
    { dataset: 'some/private' }, { dataset: 'some/gated' }, { dataset: 'some/broken', dataFiles: '*.jsonl' }
  ]) {
    t.match(
      await shardCorpus({ ...asked, output: join(folder, `${asked.dataset}.ndjson`) }), { kept: 2 }, asked.dataset
    )
  }
  t.strictSame(hub.leaks, [])
  for (const name of filesIn(folder)) t.notMatch(readFileSync(join(folder, name), 'utf8'), TOKEN)
})

t.test('a missing split falls back with a warning', async t => {
  await hubFor(t, [CODE])
  const told: string[] = []
  t.match(await shardCorpus({
    dataset: 'some/code', split: 'validation', limit: 1, output: join(folderInMemory(t), 'a.ndjson')
  }, { tell: message => { told.push(message) } }), { kept: 1 })
  t.match(told, [/some_code: there is no split "validation": "train" is read instead; .*train, test/])
})

const ALL = ndjsonOf([0, 1, 2].flatMap(n => codeOf(`${n}`, 300)).map(({ id, text, ...meta }) => ({ id, text, meta })))

/** Stops a pull in the middle of its second file, and resumes it after the cause is gone. */
async function goesOn (t: Test, folder: string, stopping: () => Promise<unknown>, expected: object): Promise<void> {
  t.match(await stopping(), expected)
  t.ok(filesIn(folder).includes('a.ndjson.checkpoint.json'), 'the progress is kept')
  await closeHubs()
  const told: string[] = []
  await shardCorpus(
    { dataset: 'some/code', output: join(folder, 'a.ndjson'), checkpointEvery: 50 },
    { tell: message => { told.push(message) } }
  )
  t.match(told, [/resumes after document \d+/])
  t.equal((await pulledIn(folder))['a.ndjson'], ALL)
}

t.test('a pull is resumed after the Hub fails', async t => {
  const hub = await hubFor(t, [CODE])
  const folder = folderInMemory(t)
  hub.misbehave([
    { fault: { kind: 'break', after: 20_000 }, on: { kind: 'file', path: 'train-1' } },
    { fault: { kind: 'status', status: 500 }, on: { path: 'train-1' }, skip: 2, times: Infinity }
  ])
  await goesOn(t, folder, async () => {
    const error = await failure(shardCorpus({
      dataset: 'some/code', output: join(folder, 'a.ndjson'), checkpointEvery: 50, maxRetries: 1
    }))
    hub.misbehave([])
    return error
  }, {
    code: 'ERR_HUB',
    message: /some\/code@[0-9a-f]{40}: data\/train-1\.jsonl: .*500.* 2 times in a row; run again to resume/
  })
})

t.test('a pull is resumed after the disk was full', async t => {
  await hubFor(t, [CODE])
  const folder = smallDisk(t, 'size=64k')
  if (folder === null) return
  await goesOn(t, folder, async () => {
    const error = await failure(shardCorpus({
      dataset: 'some/code', output: join(folder, 'a.ndjson'), checkpointEvery: 50
    }))
    execFileSync('mount', ['-o', 'remount,size=1m', folder])
    return error
  }, {
    code: 'ERR_OUTPUT',
    exitCode: 1,
    message: /a\.ndjson.*: cannot be written: no space left on the device; free disk space and run it again/
  })
})
