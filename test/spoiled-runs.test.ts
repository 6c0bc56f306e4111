/** Stopped runs whose required files were changed or damaged since. */
import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from './tap.ts'
import { errorCodes } from '../lib/errors.ts'
import { processMixture } from '../recipes/process-mixture.ts'
import { commandsHereIn } from './commands.ts'
import { docs, filesIn, fixture, isThorough, ndjsonOf, pattern, put, temporaryFolder } from './helpers.ts'
import { stoppedAt } from './resuming.ts'

const run = commandsHereIn(t)
const MODEL = fixture('tiny.model')

/** What happens to a run's folder between its stop and the next start, and the error. */
const spoiled: Readonly<Record<string, {
  readonly spoil: (folder: string) => void
  readonly args?: readonly string[]
  readonly says: RegExp
  readonly isForeign?: true
}>> = {
  'a truncated checkpoint': {
    spoil: folder => { truncateSync(join(folder, 'shards/checkpoint.json'), 300) },
    says: pattern(
      /shards\/checkpoint\.json: is cut off or damaged: 300 characters that are not JSON, .*; /,
      /get it from a copy, or start over with --restart/
    )
  },
  'an empty checkpoint': {
    spoil: folder => { truncateSync(join(folder, 'shards/checkpoint.json')) },
    says: /shards\/checkpoint\.json: is cut off or damaged: 0 characters/
  },
  'a checkpoint with a changed digit': {
    spoil: folder => { replace(join(folder, 'shards/checkpoint.json'), '"seq_len":16', '"seq_len":17') },
    says: /shards\/checkpoint\.json: is damaged: its content doesn't have the SHA-256 in it/
  },
  'a file that is no checkpoint': {
    spoil: folder => { put(folder, 'shards/checkpoint.json', '{"epoch":3}') },
    says: /shards\/checkpoint\.json: is not a checkpoint of sluice; move it away/,
    isForeign: true
  },
  'a checkpoint of a later version': {
    spoil: folder => {
      replace(join(folder, 'shards/checkpoint.json'), '"sluice_checkpoint":1', '"sluice_checkpoint":2')
    },
    says: /shards\/checkpoint\.json: is a checkpoint of format 2, expected 1: another version of sluice has written it/
  },
  'another manifest': {
    spoil: folder => {
      replace(join(folder, 'm.yaml'), 'min_chars: 5', 'min_chars: 6')
      replace(join(folder, 'm.yaml'), 'seq_len: 16', 'seq_len: 32')
    },
    says: pattern(
      /shards\/checkpoint\.json: is of a run with other settings or inputs: /,
      /filters\[0\]\.length\.min_chars: 5 -> 6; seq_len: 16 -> 32; /,
      /to resume, repeat the command unchanged, or start over with --restart/
    )
  },
  'an additional filter': {
    spoil: folder => { replace(join(folder, 'm.yaml'), 'min_chars: 5 } }', 'min_chars: 5 } }, normalize') },
    says: /other settings or inputs: filters\[1\]: \(none\) -> \{"normalize":\{\}\};/
  },
  'another tokenizer': {
    spoil: () => {},
    args: ['--tokenizer-path', fixture('bytes.model')],
    says: /other settings or inputs: (eos_id: \d+ -> \d+; )?tokenizer_sha256: "[0-9a-f]{64}" -> "[0-9a-f]{64}";/
  },
  'another option': {
    spoil: () => {},
    args: ['--max-line-bytes', '1000'],
    says: /other settings or inputs: max_line_bytes: 8388608 -> 1000;/
  },
  'a truncated source file': {
    spoil: folder => { truncateSync(join(folder, 'in.ndjson'), ndjsonOf(docs(20)).length) },
    says: /other settings or inputs: .*in\.ndjson: had \d+ bytes, has \d+;/
  },
  'a source file changed at the same length': {
    spoil: folder => { utimesSync(join(folder, 'in.ndjson'), 1e9, 1e9) },
    says: pattern(
      /other settings or inputs: .*in\.ndjson: was changed at \S+Z, then at 2001-09-09T01:46:40\.000Z /,
      /\(if only its time differs: touch -d \S+Z\)/
    )
  },
  'another source file': {
    spoil: folder => {
      put(folder, 'other.ndjson', ndjsonOf(docs(2)))
      replace(join(folder, 'm.yaml'), 'in.ndjson', 'other.ndjson')
    },
    says: /settings or inputs: .*in\.ndjson: is no longer an input; .*other\.ndjson: is an input now, was not before;/
  },
  'a missing partial shard': {
    spoil: folder => {
      const shards = join(folder, 'shards')
      rmSync(join(shards, filesIn(shards).find(name => name.endsWith('.partial'))!))
    },
    says: pattern(
      /a: .*shards\/shard_\d{5}\.(npy|docs)\.partial: has fewer than \d+ bytes, .*/,
      /so the run can't be resumed; put it back, or start over with --restart/
    )
  }
}

function replace (path: string, from: string, to: string): void {
  const content = readFileSync(path, 'utf8')
  if (!content.includes(from)) throw new Error(`${path} has no ${from}`)
  writeFileSync(path, content.replace(from, to))
}

for (const [name, { spoil, args = [], says, isForeign = false }] of Object.entries(spoiled)) {
  t.test(`ERR_CHECKPOINT: ${name}`, async t => {
    const folder = temporaryFolder(t)
    const path = put(folder, 'in.ndjson', ndjsonOf(docs(60)))
    const manifest = put(folder, 'm.yaml', `[{ name: a, dataset: json, data_files: '${path}', filters: [{ length: ` +
      `{ min_chars: 5 } }], seq_len: 16, sequences_per_shard: 1000, output_dir: '${folder}/shards' }]`)
    const options = {
      tokenizerPath: MODEL, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs'), checkpointEvery: 2
    }
    t.match(await stoppedAt(join(folder, 'shards/checkpoint.json'), signal =>
      processMixture(manifest, options, { signal })), { code: 'ERR_ABORTED' })
    spoil(folder)
    const before = contentsOf(folder)
    const command = [
      'process-mixture', manifest, '--tokenizer-path', MODEL, '--log-file', options.logFile, '--runs-dir',
      options.runsDir
    ]
    const ended = await run([...command, ...args])
    const isMet = ended.stderr.includes('components failed') // only after the component is resumed
    t.equal(ended.code, isMet ? errorCodes.ERR_COMPONENT.exit : errorCodes.ERR_CHECKPOINT.exit)
    t.match(ended.stderr, says)
    if (isMet) t.match(JSON.parse(readFileSync(options.logFile, 'utf8')), { failed: [{ code: 'ERR_CHECKPOINT' }] })
    else t.match(ended.stderr, '[ERR_CHECKPOINT]')
    t.notMatch(ended.stderr, /\n {4}at |unexpected error/, 'no stack trace is printed for a user error')
    rmSync(options.logFile, { force: true })
    t.strictSame(contentsOf(folder), before, 'no file is added or changed')
    if (!isForeign && !isThorough() && name !== 'a truncated checkpoint') return
    const again = await run([...command, ...args, '--restart'])
    t.equal(again.code, isForeign ? 1 : 0, again.stderr)
    if (isForeign) t.equal(readFileSync(join(folder, 'shards/checkpoint.json'), 'utf8'), '{"epoch":3}')
  })
}

/** The contents of all files in a folder, by name. */
function contentsOf (folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(filesIn(folder).map(name => [name, readFileSync(join(folder, name), 'latin1')]))
}
