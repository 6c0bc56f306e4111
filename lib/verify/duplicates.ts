import type { DocumentHashes } from './document-hashes.ts'
import { HashSample, countShared } from '../sampling/hash-sample.ts'
import type { ShardedStats } from '../shards/stats.ts'

/** The documents of a component; null where they can't be told apart, as the stats have no `eos_id`. */
export interface ComponentDocuments {
  readonly name: string
  /** That begin and end in the shards; those that are a mere end of sentence aren't counted. */
  readonly documents: number | null
  /** How many of them are different; an estimate where a sample was looked at. */
  readonly different: number | null
}

/** Documents that are in two components. */
export interface SharedDocuments {
  readonly components: readonly [string, string]
  /** Different documents that are in both; an estimate where a sample was looked at. */
  readonly documents: number
  /** Of the different documents of each, above 0, at most 1. */
  readonly shares: readonly [number, number]
}

/** The same documents, id by id, in and between components. */
export interface Duplicates {
  /** One document in so many was looked at, by its hash: a power of two; 1 is all of them. */
  readonly sampled: number
  readonly components: readonly ComponentDocuments[]
  /** Pairs of components that share documents; only those of one tokenizer and one end of sentence are compared. */
  readonly shared: readonly SharedDocuments[]
}

/** Collects the hashes of documents, and counts those that are the same. */
export class DuplicateCounter {
  readonly #components: readonly ShardedStats[]
  readonly #sample: HashSample
  readonly #documents: number[]

  /** @param most hashes that are kept. @default as a `HashSample` keeps */
  constructor (components: readonly ShardedStats[], most?: number) {
    this.#components = components
    this.#sample = new HashSample(components.length, most)
    this.#documents = components.map(() => 0)
  }

  /** @param component its place among the components */
  add (component: number, { documents, hashes, level }: DocumentHashes): void {
    this.#documents[component]! += documents
    this.#sample.add(component, hashes, level)
  }

  result (): Duplicates {
    const { sets } = this.#sample
    const sampled = 2 ** this.#sample.level // settled by now
    const components = this.#components.map(({ name, eos_id: eosId }, i): ComponentDocuments => {
      const documents = this.#documents[i]!
      return eosId === undefined ? { name, documents: null, different: null } : { name, documents, different: Math.min(sets[i]!.length * sampled, documents) }
    })
    const shared: SharedDocuments[] = []
    this.#components.forEach((a, i) => {
      for (let j = i + 1; j < sets.length; j++) {
        const b = this.#components[j]!
        if (a.eos_id === undefined || a.eos_id !== b.eos_id || a.tokenizer_sha256 !== b.tokenizer_sha256) continue
        const inBoth = countShared(sets[i]!, sets[j]!)
        if (inBoth === 0) continue
        const documents = Math.min(inBoth * sampled, components[i]!.different!, components[j]!.different!)
        shared.push({ components: [a.name, b.name], documents, shares: [inBoth / sets[i]!.length, inBoth / sets[j]!.length] })
      }
    })
    return { sampled, components, shared }
  }
}
