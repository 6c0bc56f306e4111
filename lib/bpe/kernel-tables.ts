import { Arena, type SharedMemory } from '../kernels/arena.ts'
import { instantiate } from '../kernels/instantiate.ts'
import { CLASSES, characterClasses } from './character-classes.ts'
import { isPunctuation } from './character-sets.ts'
import {
  type Exports, MOST_IDS, MOST_RANKS, NONE, PAIR_BYTES, SCANNERS, SETTINGS, TOKEN_WORK, type Scanner, type Setting,
  type Settings
} from './kernel-layout.ts'
import type { BpeModel, PreTokenizer } from './model.ts'

/** What the kernel needs of a model, in memory that threads share. It never changes. */
export interface BpeTables {
  /** The folder of the kernel. */
  readonly kernel: string
  readonly memory: Required<SharedMemory>
  /** Those of the model, in the order of `SETTINGS`; those of a thread are 0. */
  readonly settings: readonly number[]
  readonly scanner: number
  /** Whether a space is added before a text that begins with none. */
  readonly addsSpace: boolean
}

/**
 * Builds the kernel's tables.
 *
 * @returns undefined if the kernel has no scanner for how the model cuts text, or if there is no WebAssembly or too
 *   little memory; `plainEncoder` returns the same ids
 */
export function kernelTables (model: BpeModel): BpeTables | undefined {
  const [first, ...others] = model.preTokenizers
  const addsSpace = first?.type === 'prefix-space'
  const steps = addsSpace ? others : model.preTokenizers
  const scanner = SCANNER_OF[steps.map(nameOf).join(' ')]
  if (scanner === undefined) return undefined
  try {
    const built = build(model, scanner)
    return built === undefined ? undefined : { ...built, scanner: SCANNERS[scanner], addsSpace }
  } catch {
    return undefined
  }
}

/** The scanner for a list of steps, which is written as in `nameOf`. */
const SCANNER_OF: Readonly<Record<string, Scanner>> = {
  gpt2: 'gpt2',
  r50k: 'r50k',
  llama3: 'llama3',
  cl100k: 'cl100k',
  qwen2: 'qwen2',
  qwen35: 'qwen35',
  o200k: 'o200k',
  tekken: 'tekken',
  'deepseek-numbers deepseek-cjk deepseek': 'deepseek',
  'each-digits gpt2': 'digits',
  'digits gpt2': 'numbers',
  'punctuation gpt2 bytes digits three-digits': 'falcon'
}

function nameOf (step: PreTokenizer): string {
  if (step.type === 'split') return step.expression
  const isEach = (step.type === 'digits' || step.type === 'punctuation') && step.individual
  return isEach ? `each-${step.type}` : step.type
}

function build (model: BpeModel, scanner: Scanner): Pick<BpeTables, 'kernel' | 'memory' | 'settings'> | undefined {
  const { vocabulary, wholeWords } = model
  if (vocabulary.size >= MOST_IDS) return undefined
  const arena = new Arena(vocabulary.bytes.length * 16)
  const { memory } = arena
  if (memory.grow === undefined) return undefined
  const fields: Fields = new Map()
  const at = arena.take(4 * SETTINGS.length)
  const kernel = instantiate('bpe', memory) as Exports
  const setUp = (): void => {
    new Uint32Array(memory.buffer, at, SETTINGS.length).set(SETTINGS.map(name => fields.get(name) ?? 0))
    kernel.setup(at)
  }
  fields.set('workAt', arena.take(TOKEN_WORK)).set('wholeWords', Number(wholeWords))
  addClasses(arena, fields, scanner === 'falcon' ? classesOfFalcon() : characterClasses())
  fields.set('byteIdsAt', arena.take(4 * 256)).set('bytePairsAt', arena.take(4 * 65_536))
  fields.set('filterAt', arena.take(2 ** 17))
  fields.set('tokensAt', copied(arena, vocabulary.bytes)).set('startsAt', copied(arena, bytesOf(vocabulary.starts)))
  fields.set('tokenCount', vocabulary.size).set('tokenBits', bitsFor(vocabulary.size))
  fields.set('tokenSlotsAt', arena.take(4 * 2 ** bitsFor(vocabulary.size)))
  setUp()
  if (kernel.indexTokens() === 0 || !hasPairs(model, { arena, fields, kernel, setUp })) return undefined
  const settings = SETTINGS.map(name => name === 'workAt' ? 0 : fields.get(name) ?? 0)
  return { kernel: 'bpe', memory: memory as Required<SharedMemory>, settings }
}

type Fields = Map<Setting, number>

interface Build {
  readonly arena: Arena
  readonly fields: Fields
  readonly kernel: Exports
  readonly setUp: () => void
}

/** Builds the table of pairs. @returns false if there is no room for one */
function hasPairs ({ vocabulary, merges, wholeWords }: BpeModel, build: Build): boolean {
  const { arena, fields, kernel, setUp } = build
  const listAt = arena.take(PAIR_BYTES * vocabulary.size)
  const listed = merges === undefined && wholeWords ? kernel.listPairsByBytes(listAt) : NONE
  if (listed !== NONE) {
    fields.set('pairsAt', arena.take(8 * 2 ** pairBitsFor(listed)))
    return hasKept(listAt, listed, build)
  }
  const pairs = merges === undefined ? kernel.countSplits() : merges.length / 3
  if (merges !== undefined && pairs > MOST_RANKS) return false
  fields.set('pairBits', bitsFor(pairs)).set('pairsAt', arena.take(8 * 2 ** bitsFor(pairs)))
  fields.set('mergedAt', arena.take(4 * (merges === undefined ? vocabulary.size : pairs)))
  const mergesAt = merges === undefined ? 0 : copied(arena, bytesOf(merges))
  setUp()
  if ((merges === undefined ? kernel.addSplits() : kernel.addMerges(mergesAt, pairs)) === 0) return false
  const kept = kernel.listPairs(listAt)
  return kept === NONE || hasKept(listAt, kept, build) // without a list, all pairs are needed
}

/** Fills the table of pairs with those of a list. */
function hasKept (listAt: number, pairs: number, { fields, kernel, setUp }: Build): boolean {
  fields.set('pairBits', pairBitsFor(pairs)).set('mergedAt', 0)
  setUp()
  return kernel.keepPairs(listAt, pairs) !== 0
}

/** The bits of a table's size: a quarter to a half of its slots are in use. */
export function bitsFor (entries: number): number {
  return Math.ceil(Math.log2(Math.max(entries, 1))) + 1
}

/** As `bitsFor`, for the pairs that are kept: more of a small table is in the caches of the processor. */
function pairBitsFor (pairs: number): number {
  return Math.max(Math.ceil(Math.log2(pairs / MOST_IN_USE)), 1)
}

/** The most of the slots that are in use. */
const MOST_IN_USE = 0.8

/** With punctuation in the place of upper case. */
function classesOfFalcon (): Uint8Array {
  return characterClasses().map((bits, point) =>
    isPunctuation(point) ? bits | CLASSES.upper : bits & ~CLASSES.upper)
}

function addClasses (arena: Arena, fields: Fields, classes: Uint8Array): void {
  const numbers = new Map<string, number>()
  const blockOf = new Uint16Array(classes.length / BLOCK)
  const blocks: Uint8Array[] = []
  for (let block = 0; block < blockOf.length; block++) {
    const bytes = classes.subarray(BLOCK * block, BLOCK * (block + 1))
    const key = Buffer.from(bytes).toString('latin1')
    if (!numbers.has(key)) numbers.set(key, blocks.push(bytes) - 1)
    blockOf[block] = numbers.get(key)!
  }
  fields.set('blockOfAt', copied(arena, new Uint8Array(blockOf.buffer)))
  fields.set('blocksAt', copied(arena, Buffer.concat(blocks)))
  fields.set('masksAt', copied(arena, masks()))
}

/** Masks of 0 to 16 bytes. */
export function masks (): Uint8Array {
  return Buffer.concat(Array.from({ length: 17 }, (_, length) => Buffer.alloc(16).fill(0xff, 0, length)))
}

/** Code points in a block of classes. */
const BLOCK = 128

export function copied (arena: Arena, bytes: Uint8Array): number {
  const at = arena.take(bytes.length)
  arena.bytes(at, bytes.length).set(bytes)
  return at
}

export function bytesOf ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** The settings of a thread. */
export function settingsOf (tables: BpeTables, own: Partial<Settings>): number[] {
  return tables.settings.map((setting, i) => own[SETTINGS[i]!] ?? setting)
}
