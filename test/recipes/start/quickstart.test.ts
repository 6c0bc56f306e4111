import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import { type Test, t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import { readNpy } from '../../../lib/shards/npy.ts'
import { listShards } from '../../../lib/shards/names.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import type { MixtureStats } from '../../../recipes/mixture/stats.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { dedup } from '../../../transforms/dedup.ts'
import { encode } from '../../../transforms/encode.ts'
import { language } from '../../../transforms/language.ts'
import { length } from '../../../transforms/length.ts'
import { normalize } from '../../../transforms/normalize.ts'
import { ROOT, folderInMemory, howMany, isThorough, put, runProgram, temporaryFolder } from '../../helpers.ts'

const VOCABULARY = howMany(700, 8000)

/** The smallest amount of text from installed packages that makes some shards. */
const TEXT = [
  'yaml/package.json', 'yaml/dist', 'undici/package.json', 'undici/docs', 'split2', 'tinyglobby', 'commander',
  'fastest-levenshtein', 'xxhash-wasm', 'jsonc-parser'
]

/** Text that a tokenizer may lose: tabs, runs of spaces, blank lines, Windows line ends, unknown characters. */
const INDENTED = '  def gate (open):\n\tif open:  # \u{1f6a2} \u6c34\n\n           return\t1   \r\n\n  '

/** sluice as it is installed, next to few packages, with a small vocabulary: there is less text than in a checkout. */
function installation (t: Test): string {
  const parent = folderInMemory(t)
  // sluice loads packages from here; the quickstart reads text from the inner `node_modules`.
  symlinkSync(join(ROOT, 'node_modules'), join(parent, 'node_modules'))
  const folder = join(parent, 'sluice')
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), {
    recursive: true, filter: path => path !== join(ROOT, 'dist/test') && !path.endsWith('.map')
  })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  const recipe = readFileSync(join(ROOT, 'recipes/start/quickstart.yaml'), 'utf8')
    .replace('vocab_size: 8000', `vocab_size: ${VOCABULARY}`)
    .replaceAll('sample_limit: 400', 'sample_limit: 8')
    .replace('max_records: 4000', 'max_records: 60')
  mkdirSync(join(folder, 'recipes/start'), { recursive: true })
  writeFileSync(join(folder, 'recipes/start/quickstart.yaml'), recipe)
  put(folder, 'node_modules/short/README.md', '# Too short\n')
  for (const name of TEXT) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return folder
}

t.test('one command makes shards that a loader opens, from the text of the installed packages', async t => {
  const cwd = isThorough() ? temporaryFolder(t) : folderInMemory(t)
  const root = isThorough() ? ROOT : installation(t)
  const old = ['raw/docs.ndjson', 'shards/docs/shard_00000.npy', 'shards/docs/shard_99999.npy']
    .map(name => put(cwd, join('data/quickstart', name), 'of an earlier run'))
  const printed = runProgram(process.execPath, [join(root, 'dist/recipes/cli/main.js'), 'quickstart'], cwd)
  t.match(printed, /^docs .*\n {2}dropped: .*(?:\n {4}.*)*\n {2}1 shard in data\/quickstart\/shards\/docs; .*\ncode /m)
  t.match(printed, /^The manifest: .*recipes\/start\/quickstart\.yaml$/m)
  t.match(
    printed,
    /^The tokenizer, .*: data\/quickstart\/tokenizer\/spm_\d+_unigram\.model$/m
  )
  const inspecting = /^ {2}(node .* inspect data\/quickstart\/shards\/docs --row 0)$/m.exec(printed)![1]!
  t.match(
    runProgram('bash', ['-c', inspecting], cwd), /^\[0\] data\/quickstart\/shards\/docs\/shard_00000\.npy, row 0\n/
  )
  t.match(printed, /^ {2}node .* init FILES\.\.\.\n {2}node .* run sluice\.yaml$/m)
  t.match(printed, /np\.load\('data\/quickstart\/shards\/docs\/shard_00000\.npy', mmap_mode='r'\)/)

  const { stats, tokenizer } = JSON.parse(readFileSync(join(cwd, 'data/quickstart/stats.json'), 'utf8')) as MixtureStats
  for (const { output_dir: folder, sequences, tokens, tail_tokens: tail, records, shards, eos_id: eos } of stats) {
    t.ok(records > 50 && sequences > 50, `${records} documents, ${sequences} sequences`)
    const names = await listShards(join(cwd, folder))
    t.equal(names.length, shards)
    const arrays = names.map(name => readNpy(readFileSync(join(cwd, folder, name))))
    t.ok(arrays.every(({ dtype, columns }) => dtype === 'int32' && columns === 2048))
    const ids = arrays.flatMap(({ data }) => [...data])
    t.equal(ids.length, sequences * 2048)
    t.equal(tokens, ids.length + tail)
    t.ok(ids.every(id => id >= 0 && id < tokenizer.vocab_size))
    const ends = ids.filter(id => id === eos).length
    t.ok(ends <= records && ends >= records - tail, `${ends} ends of sentence, ${records} documents`)
  }

  // The shards contain the documents of the first component, one by one.
  const [docs] = stats
  const raw = join(cwd, 'data/quickstart/raw/docs.ndjson')
  const model = join(cwd, 'data/quickstart/tokenizer', `spm_${VOCABULARY}_unigram.model`)
  const expected: number[] = []
  let documents = 0
  const sink = new Writable({
    objectMode: true,
    write ({ ids }: { ids: Int32Array }, _encoding, done) {
      documents++
      for (const id of ids) expected.push(id)
      done()
    }
  })
  const filters = [
    normalize(), length({ minChars: 200, maxChars: 100_000 }), language({ keep: 'en', threshold: 0.8 }), dedup()
  ]
  await pipeline([ndjson(raw), ...filters, encode({ tokenizerPath: model }), sink])
  t.equal(documents, docs!.records)
  t.equal(expected.length, docs!.tokens)
  const found = (await listShards(join(cwd, docs!.output_dir))).flatMap(name =>
    [...readNpy(readFileSync(join(cwd, docs!.output_dir, name))).data])
  t.ok(found.every((id, i) => id === expected[i]) && found.length > 0, 'the ids of the documents, concatenated')
  t.equal(expected.filter(id => id === docs!.eos_id).length, documents, 'one end of sentence per document')

  // Code is the same text after encoding and decoding, line by line.
  const { encode: encoded, decode } = await loadTokenizer(model)
  const code = readFileSync(join(cwd, 'data/quickstart/raw/code.ndjson'), 'utf8').trim().split('\n').slice(0, 200)
  const texts = [INDENTED, ...code.map(line => (JSON.parse(line) as Document).text)]
  t.ok(texts.filter(text => /\n {4,}\S/.test(text)).length > 10, 'it has indented lines')
  t.strictSame(texts.filter(text => decode(encoded(text)) !== text), [])

  const first = JSON.parse(readFileSync(raw, 'utf8').split('\n')[0]!) as { meta: Record<string, string> }
  t.strictSame(Object.keys(first.meta), ['package', 'version', 'license'], 'each document has its package\'s licence')
  t.match(
    readFileSync(join(cwd, 'data/quickstart/raw/docs.LICENSES.md'), 'utf8'),
    /^\| MIT \| \d+ \| MIT \| notice \| yes \|$/m
  )
  t.notOk(existsSync(old.at(-1)!), 'it can be run again')
})
