import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import t from 'tap'
import { readNpy } from '../../lib/npy.ts'
import { listShards } from '../../lib/shard-names.ts'
import type { MixtureStats } from '../../recipes/process-mixture.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { dedup } from '../../transforms/dedup.ts'
import { encode } from '../../transforms/encode.ts'
import { language } from '../../transforms/language.ts'
import { length } from '../../transforms/length.ts'
import { normalize } from '../../transforms/normalize.ts'
import { put, sluice, temporaryFolder } from '../helpers.ts'

t.test('one command, from the text of the installed packages to shards that a loader opens', async t => {
  const cwd = temporaryFolder(t)
  const old = ['raw/docs.ndjson', 'shards/docs/shard_00000.npy', 'shards/docs/shard_99999.npy'].map(name => put(cwd, join('data/quickstart', name), 'of an earlier run'))
  const ended = await sluice(['quickstart'], { cwd })
  t.equal(ended.code, 0, ended.stderr)
  t.match(ended.stdout, /^docs .*\n {2}dropped: .*\ncode /m)
  t.match(ended.stdout, /np\.load\('data\/quickstart\/shards\/docs\/shard_00000\.npy', mmap_mode='r'\)/)

  const { stats, tokenizer } = JSON.parse(readFileSync(join(cwd, 'data/quickstart/stats.json'), 'utf8')) as MixtureStats
  for (const { output_dir: folder, sequences, tokens, tail_tokens: tail, records, shards, eos_id: eos } of stats) {
    t.ok(records > 100 && sequences > 100, `${records} documents, ${sequences} sequences`)
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

  // The documents of the first component, one by one, are what lies in its shards.
  const [docs] = stats
  const raw = join(cwd, 'data/quickstart/raw/docs.ndjson')
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
  const filters = [normalize(), length({ minChars: 200, maxChars: 100_000 }), language({ keep: 'en', threshold: 0.8 }), dedup()]
  await pipeline([ndjson(raw), ...filters, encode({ tokenizerPath: join(cwd, 'data/quickstart/tokenizer/spm_8000_unigram.model') }), sink])
  t.equal(documents, docs!.records)
  t.equal(expected.length, docs!.tokens)
  const found = (await listShards(join(cwd, docs!.output_dir))).flatMap(name => [...readNpy(readFileSync(join(cwd, docs!.output_dir, name))).data])
  t.ok(found.every((id, i) => id === expected[i]) && found.length > 0, 'the ids of the documents, laid end to end')
  t.equal(expected.filter(id => id === docs!.eos_id).length, documents, 'one end of sentence a document')

  const first = JSON.parse(readFileSync(raw, 'utf8').split('\n')[0]!) as { meta: Record<string, string> }
  t.strictSame(Object.keys(first.meta), ['package', 'version', 'license'], 'each document has its package\'s licence')
  t.match(readFileSync(join(cwd, 'data/quickstart/raw/docs.LICENSES.md'), 'utf8'), /^\| MIT \| \d+ \| MIT \| notice \| yes \|$/m)
  t.notOk(existsSync(old.at(-1)!), 'it can be run again')
})
