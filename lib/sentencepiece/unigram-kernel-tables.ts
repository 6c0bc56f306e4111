import { isUtf8 } from 'node:buffer'
import { Arena, type SharedMemory } from '../kernels/arena.ts'
import { instantiate } from '../kernels/instantiate.ts'
import { byteOfPiece } from './byte-pieces.ts'
import { LARGE, MAX_CHAR_BYTES, type SentencePieceVersion, isChosen, scoresOf } from './lexicon.ts'
import type { SentencePieceModel } from './model.ts'
import {
  CHARSMAP_WORK, type Exports, FLAGS_BYTES, MASKS_BYTES, MOST_PIECES, MOST_UNITS, SETTINGS, type Setting
} from './unigram-kernel-layout.ts'
import { buildTrie, inBlocks } from './unigram-kernel-trie.ts'

/** What the kernel needs of a model, in memory that threads share. None of it changes. */
export interface UnigramTables {
  readonly memory: Required<SharedMemory>
  /** The model's, in the order of `SETTINGS`; those of a thread are 0. */
  readonly settings: readonly number[]
  /** Whether sums are compared in 64 bits, as up to SentencePiece 0.2.1. */
  readonly isWide: boolean
  /** Whether the ids of a text are those of its words. */
  readonly isSumOfWords: boolean
}

/**
 * Builds the kernel's tables of a unigram model.
 *
 * @returns undefined where there is no WebAssembly or no memory, and for models that are damaged or have numbers of an
 *   unusual size: `UnigramEncoder` reports the mistake, or encodes the same
 */
export function unigramTables (model: SentencePieceModel, version: SentencePieceVersion): UnigramTables | undefined {
  try {
    return new Builder(model, version).tables()
  } catch {
    return undefined
  }
}

/** Builds tables in memory that is dropped, and copies what remains of them. */
class Builder {
  readonly #model: SentencePieceModel
  readonly #scores: Float64Array
  readonly #isWide: boolean
  readonly #work = new Arena(0)
  readonly #kernel: Exports
  /** The settings in the work memory. */
  readonly #fields = new Map<Setting, number>()
  /** Which of them are addresses of tables, and how long these are. */
  readonly #sizes = new Map<Setting, number>()

  constructor (model: SentencePieceModel, version: SentencePieceVersion) {
    this.#model = model
    this.#scores = scoresOf(model, version)
    this.#isWide = version === '0.1.97'
    this.#kernel = instantiate('unigram', this.#work.memory) as Exports
  }

  tables (): UnigramTables | undefined {
    const { pieces, normalizer, trainer, unkId } = this.#model
    if (pieces.length > MOST_PIECES || this.#scores.some(score => Math.abs(score) > LARGE)) return undefined
    const settingsAt = this.#work.take(4 * SETTINGS.length)
    this.#fields.set('unkId', unkId)
      .set('escapesSpaces', Number(normalizer.escapeWhitespaces))
      .set('dropsSpaces', Number(normalizer.removeExtraWhitespaces))
      .set('addsSpace', Number(normalizer.addDummyPrefix))
      .set('spaceIsSuffix', Number(trainer.treatWhitespaceAsSuffix))
    const hasWords = this.#addPieces()
    const charsmapUnits = this.#addCharsmap()
    const symbols = this.#addSymbols()
    if (hasWords === undefined || charsmapUnits === undefined || symbols === undefined) return undefined
    this.#addScores()
    this.#take('flagsAt', FLAGS_BYTES)
    this.#take('masksAt', MASKS_BYTES)
    this.#work.int32s(settingsAt, SETTINGS.length).set(SETTINGS.map(name => this.#fields.get(name) ?? 0))
    this.#kernel.setup(settingsAt)
    const workAt = this.#work.take(5 * charsmapUnits)
    this.#kernel.describeCharacters(symbols.textsAt, symbols.textsEnd, charsmapUnits, workAt)
    const separatesSpaces = this.#kernel.separatesSpaces() !== 0
    const isSumOfWords = hasWords && separatesSpaces && normalizer.escapeWhitespaces && !trainer.treatWhitespaceAsSuffix
    return this.#shared(isSumOfWords && !makesSpaces(normalizer.precompiledCharsmap))
  }

  /** @returns whether a text is the sum of its words, as far as pieces decide it; undefined for too many pieces */
  #addPieces (): boolean | undefined {
    const { pieces, normalizer: { escapeWhitespaces } } = this.#model
    const isKey = Uint8Array.from(pieces, piece => Number(isChosen(piece, escapeWhitespaces)))
    const kernel = this.#kernel
    const trie = buildTrie(kernel, this.#work, pieces.map(({ piece }) => piece), isKey, escapeWhitespaces)
    if (trie === undefined) return undefined
    const { entriesAt, count, unitsAt, idsAt, units } = trie
    const scoresAt = this.#copied(this.#scores)
    kernel.fillNodes(unitsAt, idsAt, units, scoresAt, this.#take('nodesAt', 8 * units))
    if (this.#isWide) kernel.fillScores(unitsAt, idsAt, units, scoresAt, this.#take('nodeScoresAt', 8 * units))
    this.#fields.set('nodeIdsAt', idsAt)
    this.#sizes.set('nodeIdsAt', 4 * units)
    const measuresAt = this.#take('gainAt', 16)
    const hasWords = kernel.measureKeys(entriesAt, count, scoresAt, measuresAt) !== 0
    const { buffer } = this.#work.memory
    const [gain] = new Float64Array(buffer, measuresAt, 1)
    const [, , longest] = new Int32Array(buffer, measuresAt, 3)
    new Float64Array(buffer, measuresAt, 1)[0] = Math.max(gain!, this.#scores[this.#model.unkId]!)
    this.#fields.set('longest', Math.max(longest!, MAX_CHAR_BYTES))
    return hasWords
  }

  /** What ids add to totals, and the ids of bytes. */
  #addScores (): void {
    const { pieces, trainer, unkId } = this.#model
    const scores = this.#isWide ? this.#scores.slice() : Float32Array.from(this.#scores)
    if (trainer.byteFallback) {
      const byteIds = new Int32Array(256)
      pieces.forEach(({ piece, type }, id) => {
        if (type !== 'byte') return
        const byte = byteOfPiece(piece)!
        byteIds[byte] = id
        scores[id] = (byte & 0xc0) === 0x80 ? 0 : scores[unkId]! // a character counts once, with its first byte
      })
      this.#add('byteIdsAt', byteIds)
    }
    this.#add('scoresAt', scores)
  }

  /** @returns units of the trie; undefined where it is damaged */
  #addCharsmap (): number | undefined {
    const { precompiledCharsmap: charsmap } = this.#model.normalizer
    if (charsmap.length === 0) return 0
    const trieBytes = Buffer.from(charsmap).readUInt32LE()
    const trie = charsmap.subarray(4, 4 + trieBytes)
    const replacements = charsmap.subarray(4 + trieBytes)
    const units = inBlocks(trieBytes / 4)
    const isWhole = trieBytes > 0 && trieBytes % 4 === 0 && units <= MOST_UNITS
    if (!isWhole || replacements.at(-1) !== 0 || !isUtf8(replacements)) return undefined
    const at = this.#take('charsmapAt', 4 * units)
    this.#work.bytes(at, trie.length).set(trie)
    const replacementsAt = this.#add('replacementsAt', replacements)
    const workAt = this.#work.take(CHARSMAP_WORK * units + 16)
    return this.#kernel.isUsable(at, units, replacementsAt, replacements.length, workAt) === 0 ? undefined : units
  }

  /** @returns where the texts of all symbols are; undefined for too many */
  #addSymbols (): { readonly textsAt: number, readonly textsEnd: number } | undefined {
    const symbols = this.#model.pieces.filter(({ type }) => type === 'user_defined').map(({ piece }) => piece)
    if (symbols.length === 0) return { textsAt: 0, textsEnd: 0 }
    const all = new Uint8Array(symbols.length).fill(1)
    const trie = buildTrie(this.#kernel, this.#work, symbols, all, false)
    if (trie === undefined) return undefined
    const { unitsAt, idsAt, units } = trie
    const scoresAt = this.#copied(new Float64Array(symbols.length))
    this.#kernel.fillNodes(unitsAt, idsAt, units, scoresAt, this.#take('symbolsAt', 8 * units))
    return trie
  }

  #take (name: Setting, bytes: number): number {
    const at = this.#work.take(bytes)
    this.#fields.set(name, at)
    this.#sizes.set(name, bytes)
    return at
  }

  #add (name: Setting, content: Uint8Array | Int32Array | Float32Array | Float64Array): number {
    const at = this.#copied(content)
    this.#fields.set(name, at)
    this.#sizes.set(name, content.byteLength)
    return at
  }

  #copied ({ buffer, byteOffset, byteLength }: Uint8Array | Int32Array | Float32Array | Float64Array): number {
    const at = this.#work.take(byteLength)
    this.#work.bytes(at, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength))
    return at
  }

  /** Copies the tables to memory that has nothing else. */
  #shared (isSumOfWords: boolean): UnigramTables | undefined {
    const arena = new Arena(0)
    const settings = SETTINGS.map(name => {
      const from = this.#fields.get(name) ?? 0
      const bytes = this.#sizes.get(name)
      if (bytes === undefined) return from
      const at = arena.take(bytes)
      arena.bytes(at, bytes).set(this.#work.bytes(from, bytes))
      return at
    })
    const { memory } = arena
    if (memory.grow === undefined) return undefined
    return { memory: memory as Required<SharedMemory>, settings, isWide: this.#isWide, isSumOfWords }
  }
}

/** Whether the model's table makes U+2581 or several spaces of other text, so that words depend on each other. */
function makesSpaces (charsmap: Uint8Array): boolean {
  if (charsmap.length === 0) return false
  const replacements = Buffer.from(charsmap).subarray(4 + Buffer.from(charsmap).readUInt32LE())
  return ['\u2581', '  '].some(text => replacements.includes(text))
}
