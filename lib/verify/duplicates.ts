import { CutDocuments } from './cut-documents.ts'
import { type DocumentHashes, HashCollector } from './document-hashes.ts'
import { HashSample, countShared } from '../sampling/hash-sample.ts'
import type { ShardedStats } from '../shards/stats.ts'

/**
 * The documents of a component; null if the stats have no `eos_id`, so that nothing separates them, and in `mds` and
 * `parquet`, whose documents aren't compared.
 */
export interface ComponentDocuments {
  readonly name: string
  /** Documents that begin and end in the shards; an EOS id alone isn't counted. */
  readonly documents: number | null
  /** How many of them are distinct; an estimate if only a sample was compared. */
  readonly different: number | null
}

/** Documents that are in two components. */
export interface SharedDocuments {
  readonly components: readonly [string, string]
  /** Distinct documents that are in both; an estimate if only a sample was compared. */
  readonly documents: number
  /** Share of them in the distinct documents of each component: above 0, at most 1. */
  readonly shares: readonly [number, number]
}

/** Duplicate documents, those with the same ids, within components and between them. */
export interface Duplicates {
  /**
   * The sampling interval: of this many documents one was compared, chosen by its hash. A power of two; 1 if all
   * documents were compared.
   */
  readonly sampled: number
  readonly components: readonly ComponentDocuments[]
  /** Pairs of components that share documents. Components are compared if they have the same tokenizer and EOS id. */
  readonly shared: readonly SharedDocuments[]
}

export interface DuplicateOptions {
  /** Maximum number of hashes to keep. @default that of `HashSample` */
  readonly maxHashes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Collects the hashes of documents and counts duplicates. Close it at the end. */
export class DuplicateCounter {
  readonly #components: readonly ShardedStats[]
  readonly #sample: HashSample
  readonly #documents: number[]
  readonly #cut: CutDocuments

  constructor (components: readonly ShardedStats[], { maxHashes, signal }: DuplicateOptions = {}) {
    this.#components = components
    this.#sample = new HashSample(components.length, maxHashes)
    this.#documents = components.map(() => 0)
    this.#cut = new CutDocuments(components.reduce((sum, { sequences }) => sum + sequences, 0), signal)
  }

  /**
   * Adds documents of a component, by its index. Several callers may add at the same time.
   *
   * @throws SluiceError as `CutDocuments`
   */
  async add (component: number, found: DocumentHashes): Promise<void> {
    const { documents, hashes, level, parts } = found
    this.#documents[component]! += documents
    this.#sample.add(component, hashes, level)
    if (parts !== undefined && parts.length > 0) await this.#cut.add(component, parts)
  }

  /** The duplicates, after all documents. @throws SluiceError as `CutDocuments` */
  async result (): Promise<Duplicates> {
    const cut = this.#components.map((_, i) => new HashCollector(this.#sample, i))
    for await (const documents of this.#cut.documents()) {
      for (const { component, sum } of documents) cut[component]!.add(sum)
    }
    cut.forEach((hashes, i) => {
      hashes.flush()
      this.#documents[i]! += hashes.documents
    })
    const { sets } = this.#sample
    const sampled = 2 ** this.#sample.level // final, after the sets were read
    const components = this.#components.map(({ name, eos_id: eosId, format }, i): ComponentDocuments => {
      const isCompared = eosId !== undefined && format !== 'mds' && format !== 'parquet'
      if (!isCompared) return { name, documents: null, different: null }
      const documents = this.#documents[i]!
      return { name, documents, different: Math.min(sets[i]!.length * sampled, documents) }
    })
    const shared: SharedDocuments[] = []
    this.#components.forEach((a, i) => {
      for (let j = i + 1; j < sets.length; j++) {
        const b = this.#components[j]!
        if (a.eos_id === undefined || a.eos_id !== b.eos_id || a.tokenizer_sha256 !== b.tokenizer_sha256) continue
        const [inA, inB] = [sets[i]!, sets[j]!]
        const inBoth = countShared(inA, inB)
        if (inBoth === 0) continue
        const documents = Math.min(inBoth * sampled, components[i]!.different!, components[j]!.different!)
        const shares = [inBoth / inA.length, inBoth / inB.length] as const
        shared.push({ components: [a.name, b.name], documents, shares })
      }
    })
    return { sampled, components, shared }
  }

  /** Deletes temporary files. */
  async close (): Promise<void> {
    await this.#cut.close()
  }
}
