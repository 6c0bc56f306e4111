/** Mixtures encoded by tokenizers that aren't SentencePiece models, and how documents begin and end. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readNpy } from '../../lib/shards/npy.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { verify } from '../../recipes/verify.ts'
import { tiktokenRanks, tokenizerJson } from '../byte-level.ts'
import { commandsHereIn } from '../commands.ts'
import { contentIn, failure, fixture, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { t } from '../tap.ts'

const command = commandsHereIn(t)

const TEXTS = Array.from({ length: 80 }, (_, i) => `the cat sat ${i} é漢\u{1f600}\n<|endoftext|>`.repeat(1 + i % 5))

/** A folder with records, a tokenizer.json that names no EOS token, and a manifest whose DIR is that folder. */
function mixture (t: Parameters<typeof temporaryFolder>[0], component: string, tokenizer: string): {
  readonly folder: string
  readonly run: (options?: Parameters<typeof processMixture>[1]) => ReturnType<typeof processMixture>
} {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', ndjsonOf(TEXTS.map((text, i) => ({ id: `d${i}`, text }))))
  put(folder, 'tok/tokenizer.json', tokenizerJson({ special: ['<|begin|>', '<|endoftext|>'] }))
  put(folder, 'tok/tokenizer_config.json', '{"bos_token": "<|begin|>"}')
  const manifest = put(folder, 'mix.yaml', `
stats: DIR/stats.json
tokenizer: { ${tokenizer} }
datasets:
  - { name: a, dataset: json, data_files: DIR/a.ndjson, seq_len: 16, output_dir: DIR/out, ${component} }
`.replaceAll('DIR', folder))
  return { folder, run: options => processMixture(manifest, { runsDir: join(folder, 'runs'), ...options }) }
}

function idsIn (folder: string): number[] {
  return readdirSync(folder).filter(name => name.endsWith('.npy')).sort()
    .flatMap(name => Array.from(readNpy(readFileSync(join(folder, name))).data))
}

t.test('a mixture is encoded by a tokenizer.json, to the same bytes with 1, 2 and 4 workers', async t => {
  const { folder, run } = mixture(t, 'eos: "<|endoftext|>", bos: true', 'path: DIR/tok')
  const { encode, pieceToId } = await loadTokenizer(join(folder, 'tok'))
  const [bos, eos] = ['<|begin|>', '<|endoftext|>'].map(pieceToId)
  const expected = TEXTS.flatMap(text => [bos!, ...encode(text), eos!])
  const stats = await run({ workers: 1 })
  t.match(stats.stats[0], { eos_id: eos, bos_id: bos, tokenizer_path: join(folder, 'tok'), tokens: expected.length })
  t.strictSame(idsIn(join(folder, 'out')), expected.slice(0, expected.length - expected.length % 16))
  const shards = (): object => Object.fromEntries(
    Object.entries(contentIn(join(folder, 'out'))).filter(([name]) => name.endsWith('.npy')))
  const alone = shards()
  for (const workers of [2, 4]) {
    await run({ workers, restart: true })
    t.strictSame(shards(), alone, `${workers} workers`)
  }
  const { findings } = await verify(join(folder, 'stats.json'), {
    tokenizerPath: join(folder, 'tok'), inventory: join(folder, 'inventory.md')
  }) as { findings?: unknown[] }
  t.strictSame(findings ?? [], [])
  t.match((await run()).stats[0], { eos_id: eos }, 'up to date')
})

t.test('inspect finds such a tokenizer, and gives the documents back', async t => {
  const { folder, run } = mixture(t, 'eos: "<|endoftext|>"', 'path: DIR/tok')
  await run()
  const { stdout } = await command(['inspect', join(folder, 'out'), '--documents'])
  const texts = stdout.trim().split('\n').map(line => (JSON.parse(line) as { text: string }).text)
  t.strictSame(texts.slice(0, 40), TEXTS.slice(0, 40))
})

t.test('names of special tokens: tokens where the manifest says so, or refused', async t => {
  const { folder, run } = mixture(t, 'eos: "<|endoftext|>"', 'path: DIR/tok, special_tokens: encode')
  const { stats: [stats] } = await run()
  const eos = stats!.eos_id
  t.equal(idsIn(join(folder, 'out')).filter(id => id === eos).length > TEXTS.length, true)
  t.match(stats, { special_tokens: 'encode' })
  for (const workers of [1, 2]) {
    t.match(await failure(run({ specialTokens: 'refuse', restart: true, workers })), {
      code: 'ERR_COMPONENT', message: /document d0: the text has the special token "<\|endoftext\|>" at offset 19/
    })
  }
})

t.test('a tokenizer without an EOS token, a token that it has not, and both an id and a name', async t => {
  for (const [component, says] of [
    ['max_records: 3', /no EOS token; set the token .* eos_id \(--eos-id\) or eos \(--eos\)/],
    ['eos: "</s>"', /eos "<\/s>" is not in the vocabulary; expected the name of a token/],
    ['eos: "<|endoftext|>", eos_id: 3', /expected eos or eos_id, got both: "<\|endoftext\|>" and 3/]
  ] as const) t.match(await failure(mixture(t, component, 'path: DIR/tok').run()), { message: says })
  t.match(await failure(mixture(t, 'bos: true', `path: ${fixture('no-eos.model')}`).run()), { code: /^ERR_/ })
  t.match(await failure(mixture(t, 'max_records: 3', 'path: DIR/none.json').run()), {
    code: 'ERR_TOKENIZER', message: /none\.json: no such file, expected a SentencePiece \.model file, a tokenizer\.json/
  })
})

t.test('a manifest names either a tokenizer that is there or a folder to train one in', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', '{"text": "x"}\n')
  const manifest = put(folder, 'mix.yaml', `tokenizer_output_dir: ${folder}/trained
tokenizer: { path: ${folder}/tok }
datasets: [{ name: a, dataset: json, data_files: ${folder}/a.ndjson }]
`)
  t.match(await failure(processMixture(manifest)), {
    code: 'ERR_MANIFEST', message: /2:20: names a tokenizer that is there, and tokenizer_output_dir is for training one/
  })
})

t.test('uint16 is refused where the ids of a tokenizer are larger', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', '{"text": "the cat"}\n')
  const tokenizerPath = put(folder, 'cl100k_base.tiktoken', tiktokenRanks(['th', 'the']))
  const dataFiles = join(folder, 'a.ndjson')
  const shard = async (dtype: 'uint16' | 'uint32'): ReturnType<typeof shardCorpus> => await shardCorpus({
    dataFiles, tokenizerPath, dtype, seqLen: 4, outputDir: join(folder, dtype), stats: join(folder, `${dtype}.json`)
  })
  t.match(await failure(shard('uint16')), {
    code: 'ERR_TOKENIZER',
    message: /can't store these ids as uint16: the tokenizer has 100277 pieces; use int32 or uint32/
  })
  t.match(await shard('uint32'), { eos_id: 100_257, dtype: 'uint32' })
})

t.test('shards of another SentencePiece version are not taken for the same', async t => {
  const { run } = mixture(t, 'max_records: 20', `path: ${fixture('tiny.model')}, sentencepiece_version: 0.1.97`)
  const first = await run()
  t.notOk('sentencepiece_version' in first.stats[0]!, 'as in stats of earlier releases')
  const again = await run({ sentencepieceVersion: '0.2.3' })
  t.match(again.stats[0], { sentencepiece_version: '0.2.3' })
})
