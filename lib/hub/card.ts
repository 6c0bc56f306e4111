/** The metadata of a dataset's card: what the YAML at the top of its README.md says about files and licences. */
import type { Document, LineCounter } from 'yaml'
import { SluiceError } from '../errors.ts'
import { locator } from '../yaml-position.ts'
import { CardMistake, readCardYaml } from './card-yaml.ts'
import { type SplitPatterns, isSplitName } from './patterns.ts'

/** A subset of a dataset: an entry of `configs`. */
export interface CardConfig {
  /** `config_name` */
  readonly name: string
  /** Paths and globs of each split, below `dataDir`; null: splits are found by the names of files and folders there. */
  readonly dataFiles: readonly SplitPatterns[] | null
  /** A folder; '' for the root of the repository. */
  readonly dataDir: string
  /** Whether the card marks it as the default. */
  readonly isDefault: boolean
  /** Its other entries, such as `sep`, unchanged. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The parts of a card's metadata that are used. */
export interface Card {
  /** Names as written, such as `odc-by`; most cards have one, some several, some none. */
  readonly license: readonly string[]
  readonly licenseName: string | null
  readonly licenseLink: string | null
  readonly prettyName: string | null
  readonly configs: readonly CardConfig[]
  /** Whether the dataset viewer is enabled, which creates the converted parquet; null where the card doesn't set it. */
  readonly viewer: boolean | null
  /** Entries of `dataset_info`, unchanged. */
  readonly datasetInfo: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/** Used for a dataset without a card, or with a card that is ignored. */
export const EMPTY_CARD: Card = {
  license: [],
  licenseName: null,
  licenseLink: null,
  prettyName: null,
  configs: [],
  viewer: null,
  datasetInfo: []
}

/** A longer list is considered a mistake. */
const MAX_LICENSES = 200

const FRONT_MATTER = /^(\s*---(?:\r\n|\r|\n))([^]*?)(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|$)/

const FORMS_OF_DATA_FILES = 'a path or glob, a list of them, a list of { split, path }, or a mapping of splits to paths'

type Mapping = Readonly<Record<string, unknown>>

/**
 * Reads the metadata of a card. Its YAML is read as version 1.1, as the Hub's Python clients do. Names, paths and
 * licences are taken as written, so that a subset `2023` or a split `no` is text.
 *
 * @param text the dataset's README.md; without YAML at its top the result is empty
 * @throws SluiceError `ERR_DATASET` with the line of the first mistake, for invalid YAML or values
 */
export function readCard (text: string): Card {
  const [, fence, block] = FRONT_MATTER.exec(text) ?? []
  if (fence === undefined) return EMPTY_CARD
  // Empty lines before it, so that line numbers are those of the README.
  const yaml = '\n'.repeat(fence.split(/\r\n|\r|\n/).length - 1) + block!.replace(/\r\n?/g, '\n')
  return new CardReader(yaml).card()
}

class CardReader {
  readonly #lines: LineCounter
  readonly #document: Document
  /** The content, with scalars resolved as in YAML 1.1. */
  readonly #typed: unknown
  /** The content, with scalars as they are written. */
  readonly #written: unknown

  constructor (yaml: string) {
    try {
      const { document, lines, typed, written } = readCardYaml(yaml)
      this.#document = document
      this.#lines = lines
      this.#typed = typed
      this.#written = written
    } catch (cause) {
      if (!(cause instanceof CardMistake)) throw cause
      const lines = yaml.slice(0, cause.at).split('\n')
      throw mistake({ line: lines.length, col: lines.at(-1)!.length + 1 }, cause.message)
    }
  }

  card (): Card {
    if (this.#typed === null) return EMPTY_CARD
    if (!isMapping(this.#typed)) throw this.#wrong([], 'a mapping')
    const { viewer, dataset_info: info } = this.#typed
    const infos: readonly unknown[] = Array.isArray(info) ? info : [info]
    return {
      license: this.#licenses(),
      licenseName: this.#text(['license_name']),
      licenseLink: this.#text(['license_link']),
      prettyName: this.#text(['pretty_name']),
      configs: this.#configs(),
      viewer: typeof viewer === 'boolean' ? viewer : null,
      datasetInfo: infos.filter(isMapping)
    }
  }

  #licenses (): string[] {
    for (const key of ['license', 'licenses']) {
      const value = this.#value([key])
      const isTooLong = Array.isArray(value) && value.length > MAX_LICENSES
      if (isTooLong) throw this.#wrong([key], `at most ${MAX_LICENSES} licences`)
    }
    return [...this.#texts(['license']), ...this.#texts(['licenses'])]
  }

  #configs (): CardConfig[] {
    const configs = this.#value(['configs'])
    if (configs === null) return []
    if (!Array.isArray(configs)) throw this.#wrong(['configs'], 'a list of subsets, each with a config_name')
    const byName = new Map<string, CardConfig>() // of two with the same name, the last one counts
    for (const i of configs.keys()) {
      const config = this.#config(['configs', i])
      byName.set(config.name, config)
    }
    return [...byName.values()]
  }

  #config (place: readonly PropertyKey[]): CardConfig {
    const config = this.#value(place)
    if (!isMapping(config)) throw this.#wrong(place, 'a mapping with a config_name')
    const { config_name: _name, data_files: _files, data_dir: _folder, default: isDefault, ...options } = config
    const name = this.#text([...place, 'config_name'])
    if (name === null) throw this.#wrong([...place, 'config_name'], 'the name of the subset')
    return {
      name,
      dataFiles: this.#dataFiles([...place, 'data_files']),
      dataDir: this.#text([...place, 'data_dir']) ?? '',
      isDefault: Boolean(isDefault),
      options
    }
  }

  #dataFiles (place: readonly PropertyKey[]): SplitPatterns[] | null {
    const value = this.#value(place)
    if (value === null) return null
    if (isMapping(value)) {
      return Object.keys(at(this.#written, place) as Mapping).map(split =>
        this.#split(split, [...place, split], [...place, split]))
    }
    if (!Array.isArray(value) || !value.some(isMapping)) {
      return [{ split: 'train', paths: this.#texts(place, FORMS_OF_DATA_FILES) }]
    }
    const splits = value.map((entry: unknown, i) => {
      if (!isMapping(entry) || Object.keys(entry).sort().join() !== 'path,split') {
        throw this.#wrong([...place, i], '{ split, path }, and nothing else')
      }
      return this.#split(this.#text([...place, i, 'split']) ?? '', [...place, i, 'split'], [...place, i, 'path'])
    })
    const seen = new Set<string>()
    for (const [i, { split }] of splits.entries()) {
      if (seen.has(split)) {
        const name = JSON.stringify(split)
        throw this.#wrong([...place, i, 'split'], 'each split once, with all its paths in one list, ' +
          `found ${name} twice`)
      }
      seen.add(split)
    }
    return splits
  }

  #split (split: string, place: readonly PropertyKey[], placeOfPaths: readonly PropertyKey[]): SplitPatterns {
    if (!isSplitName(split)) {
      throw this.#wrong(place, `the name of a split (letters, digits, _ and dots), found ${JSON.stringify(split)}`)
    }
    const written = at(this.#written, placeOfPaths)
    if (written === '') throw this.#wrong(placeOfPaths, 'a path or glob, or a list of them')
    return { split, paths: this.#textsOf(written, placeOfPaths, 'a path or glob, or a list of them') }
  }

  /** The value at a place; null if there is none. */
  #value (place: readonly PropertyKey[]): unknown {
    return at(this.#typed, place) ?? null
  }

  #text (place: readonly PropertyKey[]): string | null {
    if (this.#value(place) === null) return null
    const written = at(this.#written, place)
    if (typeof written !== 'string') throw this.#wrong(place, 'a text')
    return written
  }

  /** A text, or a list of them. */
  #texts (place: readonly PropertyKey[], expected = 'a text, or a list of them'): string[] {
    return this.#value(place) === null ? [] : this.#textsOf(at(this.#written, place), place, expected)
  }

  #textsOf (written: unknown, place: readonly PropertyKey[], expected: string): string[] {
    const texts: unknown[] = Array.isArray(written) ? written : [written]
    return texts.map((text, i) => {
      if (typeof text !== 'string') throw this.#wrong(Array.isArray(written) ? [...place, i] : place, expected)
      return text
    })
  }

  #wrong (place: readonly PropertyKey[], expected: string): SluiceError {
    const key = place.findLast(part => typeof part === 'string') ?? 'its YAML'
    return mistake(locator(this.#document, this.#lines)(place, 'value'), `${key}: expected ${expected}`)
  }
}

function mistake ({ line, col }: { readonly line: number, readonly col: number }, message: string): SluiceError {
  return new SluiceError('ERR_DATASET', `the dataset's card, README.md:${line}:${col}: ${message}; ` +
    'to read files without the card, name them with data_files, such as data/*.parquet')
}

function isMapping (value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function at (value: unknown, place: readonly PropertyKey[]): unknown {
  return place.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value)
}
