/** Decoded ids compared with SentencePiece's: of real documents if available, of random ids, and of shards. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { packageRoot } from '../../lib/package.ts'
import type { Decoder as SentencePieceDecoder } from '../../lib/sentencepiece/decode.ts'
import { loadDecoder } from '../../lib/tokenizer/tokenizer.ts'
import type { Checks } from './checks.ts'

const root = packageRoot()
const RANDOM_LISTS = 20_000

/** @param models those of the large run @param shared folder with `spm/encode-*.ndjson.gz`, if it exists */
export async function judgeDecoding (checks: Checks, models: readonly string[], shared: string): Promise<void> {
  const fixtures = ['tiny', 'bpe', 'no-eos', 'bytes', 'keep-spaces', 'no-prefix', 'suffix'].map(name =>
    join(root, `test/fixtures/${name}.model`))
  for (const model of [...models, ...fixtures]) {
    const name = model.split('/').at(-1)!
    const decoder = await loadDecoder(model)
    const compare = (what: string, lists: readonly number[][]): void => {
      const expected = spoken(model, lists)
      const same = expected.length === lists.length && lists.every((ids, i) => decoder.decode(ids) === expected[i])
      checks.check(`decode, ${name}: text equals SentencePiece's for the ids of ${lists.length} ${what}`, same)
    }
    const encoded = join(shared, `spm/encode-${name.replace('.model', '.ndjson.gz')}`)
    if (existsSync(encoded)) {
      compare('documents', gunzipSync(readFileSync(encoded)).toString().trim().split('\n')
        .map(line => (JSON.parse(line) as { ids: number[] }).ids))
    } else if (models.includes(model)) checks.skip(`decode, ${name}: documents`, `${encoded} is missing`)
    compare('random lists', randomLists((decoder as SentencePieceDecoder).bytes))
  }
}

/** Lists of up to 60 ids, the same in each run; for models with byte pieces, half of the lists are mostly bytes. */
function randomLists (bytes: Int16Array): number[][] {
  const byteIds = Array.from(bytes.keys()).filter(id => bytes[id]! >= 0)
  let seed = 1
  const draw = (below: number): number => { // xorshift32
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    return (seed >>> 0) % below
  }
  return Array.from({ length: RANDOM_LISTS }, (_, i) => Array.from({ length: draw(60) }, () => {
    return byteIds.length > 0 && i % 2 === 0 && draw(10) > 0 ? byteIds[draw(byteIds.length)]! : draw(bytes.length)
  }))
}

function spoken (model: string, lists: readonly number[][]): string[] {
  const input = lists.map(ids => JSON.stringify(ids) + '\n').join('')
  const output = execFileSync('/usr/bin/python3', [join(root, 'test/checks/decode.py'), model], {
    input, encoding: 'utf8', maxBuffer: 2 ** 30
  })
  return output.trim().split('\n').map(line => JSON.parse(line) as string)
}
