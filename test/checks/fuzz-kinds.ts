import { FUZZED_BPE, fuzzBpe } from '../bpe-fuzz.ts'
import { fuzzEncoding, fuzzedModels } from '../encode-fuzz.ts'
import { Random, fuzzOnce, targets } from '../fuzz.ts'
import { fuzzJson } from '../json-fuzz.ts'
import { FUZZED_PIECES, fuzzPieces } from '../pieces-fuzz.ts'
import { unigramDifference, unigramFuzzed } from '../unigram-fuzz.ts'

/** What a part of a kind found in some runs. */
export interface Fuzzed {
  readonly name: string
  /** Each with the seed that makes it again. */
  readonly wrong: readonly string[]
}

/** A kind of input, which a seed makes: files or texts. */
export interface Kind {
  /** The value of `--format`. */
  readonly name: string
  /** Of how many runs one is made: texts are slower than files. */
  readonly every: number
  /** The parts of the kind, one after the other. */
  readonly fuzz: (seed: number, runs: number, folder: string) => AsyncIterable<Fuzzed>
}

export async function fuzzKinds (): Promise<Kind[]> {
  const files = Object.entries(await targets()).map(([name, target]) =>
    fileKind(name, async (random, folder) => await fuzzOnce(target, random, folder)))
  return [...files, fileKind('joined', fuzzJson), encode, unigram, bpe, pieces]
}

/** Each run is of one file, by its seed. */
function fileKind (name: string, fuzzFile: (random: Random, folder: string) => Promise<string | null>): Kind {
  return {
    name,
    every: 1,
    async * fuzz (first, runs, folder) {
      const wrong: string[] = []
      for (let seed = first; seed < first + runs; seed++) {
        const found = await fuzzFile(new Random(seed * 7919 + 1), folder)
        if (found !== null) wrong.push(`${name}, seed ${seed}: ${found}`)
      }
      yield { name, wrong }
    }
  }
}

/** Texts in ten times as many runs. */
const TEXTS = 10

const encode: Kind = {
  name: 'encode',
  every: TEXTS,
  async * fuzz (seed, runs, folder) {
    for (const model of await fuzzedModels(folder)) {
      yield { name: `encode, ${model.name}`, wrong: listOf(fuzzEncoding(model, seed, runs)) }
    }
  }
}

const unigram: Kind = {
  name: 'unigram',
  every: TEXTS,
  async * fuzz (seed, runs) {
    for (const model of unigramFuzzed()) {
      yield await Promise.resolve({
        name: `unigram, ${model.name}`, wrong: listOf(unigramDifference(model, seed, runs))
      })
    }
  }
}

const bpe = kernelKind('bpe', FUZZED_BPE, fuzzBpe)
const pieces = kernelKind('pieces', FUZZED_PIECES, fuzzPieces)

/** Texts by a kernel and by its plain path, for models by their names. */
function kernelKind (
  kind: string, models: readonly string[], fuzzModel: (model: string, seed: number, runs: number) => string | null
): Kind {
  return {
    name: kind,
    every: TEXTS,
    async * fuzz (seed, runs) {
      for (const model of models) {
        yield await Promise.resolve({ name: `${kind}, ${model}`, wrong: listOf(fuzzModel(model, seed, runs)) })
      }
    }
  }
}

function listOf (found: string | null): string[] {
  return found === null ? [] : [found]
}
