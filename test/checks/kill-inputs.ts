import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '../../lib/document.ts'
import { writeFormat } from '../bench/formats.ts'
import { compressions } from '../formats.ts'
import { Random } from '../fuzz.ts'
import { DEDUP, MIXTURE, components, formatComponents } from '../kill-jobs.ts'

/**
 * Writes the inputs of the jobs: a file of each format with the given number of documents, a larger one of each, and
 * the mixture's manifest.
 */
export async function writeKillInputs (folder: string, documents: number): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const lines = (seed: number, badEvery: number): Buffer => Buffer.from(documentsOf(documents, seed)
    .map((document, i) => i % badEvery === badEvery - 1 ? '{"id": "cut o\n' : JSON.stringify(document) + '\n').join(''))
  writeFileSync(join(folder, 'plain.ndjson'), lines(1, Infinity))
  writeFileSync(join(folder, 'gzip.ndjson.gz'), compressions['.gz']!(lines(2, Infinity)))
  writeFileSync(join(folder, 'zstd.ndjson.zst'), compressions['.zst']!(lines(3, 211)))
  await writeFormat(join(folder, 'parquet.parquet'), documentsOf(documents, 4))
  // Filtering is fast: a run needs more documents to be interrupted in the middle.
  for (const [i, ending] of ['ndjson', 'ndjson.gz', 'ndjson.zst', 'parquet'].entries()) {
    await writeFormat(join(folder, `large.${ending}`), documentsOf(documents * 4, 5 + i))
  }
  writeFileSync(join(folder, 'mixture.yaml'), JSON.stringify({
    datasets: components(Math.floor(documents * 0.6)), dedup: DEDUP, mixture: MIXTURE
  }))
  writeFileSync(join(folder, 'formats.yaml'), JSON.stringify(formatComponents()))
}

/**
 * Texts of about 1,000 characters: some too short, some with white space to normalize, some repeated at various
 * distances.
 */
function documentsOf (count: number, seed: number): Document[] {
  const random = new Random(seed)
  const words = Array.from({ length: 3000 }, () =>
    Array.from({ length: 1 + random.below(9) }, () => String.fromCharCode(97 + random.below(26))).join(''))
  const texts: string[] = []
  for (let i = 0; i < count; i++) {
    const again = random.below(10) === 0 ? texts[i - 1 - random.below(600)] : undefined
    const length = random.below(12) === 0 ? 5 : 60 + random.below(200)
    texts.push(again ??
      Array.from({ length }, () => words[random.below(words.length)]!).join(random.below(5) === 0 ? ' \n ' : ' '))
  }
  return texts.map((text, i) => ({ id: `${seed}-${i}`, text, meta: { url: `https://example.org/${i}` } }))
}
