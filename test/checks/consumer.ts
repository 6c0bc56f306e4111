/** The programs of a user who has installed sluice: `package.ts` checks their types, strictly, and runs them. */

/** An ES module, which imports the root and sub-paths. Its arguments: documents, a tokenizer model, a folder. */
export const MODULE = `
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Document, IdBuffer, type Sequence, SluiceError, Stage, dedup, encode, language, length, loadTokenizer, ndjson,
  ndjsonSink, normalize, npySink
} from 'sluice'
import { readNpy } from 'sluice/npy'
import { type PackOptions, pack } from 'sluice/transforms/pack'

const [input = '', model = '', folder = ''] = process.argv.slice(2)

// A custom stage among others, and a compressed file.
const withoutPost = new Stage<Document, Document>({
  name: 'without-post',
  take (document, push) {
    if (document.meta['source'] === 'post') return 'post'
    push(document)
    return undefined
  }
})
const unique = dedup({ window: 100 })
const english = { keep: 'en', threshold: 0.5 } as const
await pipeline(
  ndjson(input),
  withoutPost,
  normalize(),
  length({ minChars: 40 }),
  language({ ...english, detector: 'fasttext' }),
  language(english),
  unique,
  ndjsonSink(folder + '/kept.ndjson.zst')
)
deepEqual(withoutPost.stats, { in: 6, out: 5, dropped: { post: 1 } })
const kept: Document[] = []
for await (const document of ndjson(folder + '/kept.ndjson.zst')) kept.push(document)
ok(kept.length > 0)
equal(kept.length, unique.stats.out)

// Shards of them, and the tokenizer alone.
const tokenizer = await loadTokenizer(model)
const seqLen = 16
const options: PackOptions = { seqLen }
await pipeline(ndjson(folder + '/kept.ndjson.zst'), encode({ tokenizer }), pack(options), npySink(folder + '/shards'))
const ids = new IdBuffer()
for (const { text } of kept) {
  equal(tokenizer.decode(tokenizer.encode(text)), text)
  tokenizer.append(text, ids)
  ids.push(tokenizer.eosId)
}
const shard = readNpy(await readFile(folder + '/shards/shard_00000.npy'))
deepEqual(shard.data, ids.copy().subarray(0, shard.rows * seqLen))

// A stage alone.
const packing = pack({ seqLen: 2 })
const sequences: Sequence[] = []
const tokens = Readable.from([{ id: 'a', ids: Int32Array.of(1, 2, 3), meta: {} }])
for await (const sequence of tokens.pipe(packing)) sequences.push(sequence)
deepEqual(sequences.map(sequence => Int32Array.from(sequence)), [Int32Array.of(1, 2)])
deepEqual(sequences[0]!.parts!.map(({ start, length }) => [start, length]), [[0, 2]])
equal(packing.stats.tail, 1)

try {
  pack({ seqLen: -1 })
  ok(false)
} catch (error) {
  ok(error instanceof SluiceError)
  equal(error.code, 'ERR_OPTION')
}
console.log('done')
`

/** A CommonJS module. */
export const COMMON_JS = `
import { normalize } from 'sluice'
import { pack } from 'sluice/transforms/pack'

const stages = [normalize(), pack({ seqLen: 2 })] as const
for (const { stageName } of stages) console.log(stageName)
`

/** Every module that can be imported must have its declarations: a program that imports types only. */
export function declarationsProgram (modules: readonly string[]): string {
  const imports = modules.map((module, index) => `import type * as m${index} from '${module}'\n`)
  return `${imports.join('')}\nexport type All = [${modules.map((_, index) => `keyof typeof m${index}`).join(', ')}]\n`
}

/** `types` is empty, as is the default since TypeScript 6: sluice must reference the Node types it needs by itself. */
export const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2022'],
    module: 'NodeNext',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: [] as string[],
    outDir: 'built'
  },
  files: ['program.mts', 'program.cts', 'declarations.mts']
}
