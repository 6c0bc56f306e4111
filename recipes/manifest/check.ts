import { join, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../../lib/errors.ts'
import { type ModelUse, findModel } from '../../lib/fasttext/model-use.ts'
import { hubAddress, isDatasetName, isHubName } from '../../lib/hub/address.ts'
import {
  type OptionsSchema, validateOptions, validateWritten, fileNames, renameKeys, snakeCase, suggestion, withNames
} from '../../lib/options.ts'
import { findStageModule, loadStageModule } from '../../lib/stage/module.ts'
import type { FindByName } from './found.ts'
import type { Mistake, Place } from './mistake.ts'
import { mixMistakes } from './mix-check.ts'
import { type MixSettings, mixSchema } from './mix-schema.ts'
import { otherPlace } from './other-places.ts'
import { defaultOutputDir, listOf, outputDirOf, partOf } from './parts.ts'
import { misplaced } from './places.ts'
import {
  type Component, type Expectation, type Filter, type Manifest, USE, componentSchema, dedupSchema,
  expectSchema, manifestSchema, tokenizerSchema
} from './schema.ts'

/** The stages that a manifest may name, with the schemas of their options. */
export interface KnownStages {
  /** By the name that `filters` uses. */
  readonly filters: Readonly<Record<string, OptionsSchema>>
  /** The filters that read a fastText model. */
  readonly models?: Readonly<Record<string, ModelUse>>
  /** The options that only one source has, by the name that `dataset` uses. */
  readonly sources: Readonly<Record<string, OptionsSchema>>
}

/** Checks the content of a manifest and collects every mistake in it. For this it loads the modules that are named. */
export class ManifestChecker {
  readonly mistakes: Mistake[] = []
  readonly #known: KnownStages
  readonly #find: FindByName
  /** For each key, the sources that have it. */
  readonly #sourcesWith = new Map<string, string[]>()

  constructor (known: KnownStages, find: FindByName) {
    this.#known = known
    this.#find = find
    for (const [source, { shape }] of Object.entries(known.sources)) {
      for (const key of Object.keys(shape).map(snakeCase)) {
        this.#sourcesWith.set(key, [...this.#sourcesWith.get(key) ?? [], source])
      }
    }
  }

  /** Returns the manifest without the parts that have mistakes. @param content a mapping, or a bare list of datasets */
  async manifest (content: unknown): Promise<Omit<Manifest, 'path' | 'text' | 'sha256'>> {
    const bare = Array.isArray(content)
    const top = this.#object(manifestSchema, bare ? { datasets: content } : content, [])
    const tokenizer = this.#object(tokenizerSchema, partOf(content, 'tokenizer') ?? {}, ['tokenizer'])
    const given = listOf(bare ? content : partOf(content, 'datasets'))
    const placeOf = (index: number): Place => bare ? [index] : ['datasets', index]
    const asked = partOf(content, 'dedup') ?? null
    const dedup = asked === null ? null : this.#object(dedupSchema, asked, ['dedup']) ?? null
    const datasets: Component[] = []
    for (const [index, component] of given.entries()) {
      const checked = await this.#component(component, placeOf(index))
      if (checked !== undefined) datasets.push({ ...checked, dedup })
    }
    this.#distinct(given.map(component => partOf(component, 'name')), 'name', placeOf)
    this.#distinct(given.map(outputDirOf), 'output_dir', placeOf)
    this.#distinct(given.map(component => partOf(component, 'rejects')), 'rejects', placeOf)
    for (const mistake of misplaced(content, given, placeOf)) this.mistakes.push(mistake)
    const names = given.map(component => partOf(component, 'name')).filter(name => typeof name === 'string')
    const mixture = this.#mixture(partOf(content, 'mixture') ?? null, names, datasets)
    return {
      name: top?.name ?? null,
      stats: top?.stats ?? null,
      tokenizer: tokenizer ?? tokenizerSchema.parse({}),
      tokenizerOutputDir: top?.tokenizerOutputDir ?? null,
      tokenizerPath: this.#tokenizerPath(tokenizer, top?.tokenizerOutputDir ?? null),
      datasets,
      mixture
    }
  }

  #mixture (given: unknown, names: readonly string[], datasets: readonly Component[]): MixSettings | null {
    const mixture = given === null ? undefined : this.#object(mixSchema, given, ['mixture'])
    if (mixture === undefined) return null
    this.mistakes.push(...mixMistakes(mixture, names, datasets))
    return mixture
  }

  #tokenizerPath (tokenizer: Manifest['tokenizer'] | undefined, folder: string | null): string | null {
    if (tokenizer === undefined) return null
    if (tokenizer.path === null) {
      return folder === null ? null : join(folder, `spm_${tokenizer.vocabSize}_${tokenizer.modelType}.model`)
    }
    if (folder !== null) {
      const mistake = 'a tokenizer that is there, and tokenizer_output_dir is for training one; remove one of them'
      this.#note(['tokenizer', 'path'], `names ${mistake}`)
    }
    return tokenizer.path
  }

  async #component (given: unknown, place: Place): Promise<Omit<Component, 'dedup'> | undefined> {
    const sourceShape = this.#sourceShape(partOf(given, 'dataset'))
    const schema = componentSchema.extend(sourceShape) as unknown as typeof componentSchema
    const read = this.#object(schema, this.#withoutForeign(given, sourceShape, place), place)
    const filters: Filter[] = []
    for (const [index, filter] of listOf(partOf(given, 'filters')).entries()) {
      const checked = await this.#filter(filter, [...place, 'filters', index])
      if (checked !== undefined) filters.push(checked)
    }
    await this.#files(partOf(given, 'dataset'), partOf(given, 'data_files') ?? null, place)
    if (read === undefined) return undefined
    if (read.rawDir !== null && read.filteredDir !== null && resolve(read.rawDir) === resolve(read.filteredDir)) {
      const mistake = `raw_dir and filtered_dir are both ${read.filteredDir}, expected two folders`
      this.#note([...place, 'filtered_dir'], mistake)
    }
    const values: Readonly<Record<string, unknown>> = read
    return {
      ...read,
      dataFiles: read.dataFiles ?? [],
      sourceOptions: Object.fromEntries(Object.keys(sourceShape).map(key => [key, values[key]])),
      filters,
      outputDir: read.outputDir ?? defaultOutputDir(read.name)
    }
  }

  /**
   * The keys that belong to the source. For a dataset on the Hub or an unknown one, those of all sources are accepted.
   */
  #sourceShape (dataset: unknown): OptionsSchema['shape'] {
    const { sources } = this.#known
    if (typeof dataset === 'string' && Object.hasOwn(sources, dataset)) return sources[dataset]!.shape
    return Object.assign({}, ...Object.values(sources).map(({ shape }) => shape)) as OptionsSchema['shape']
  }

  /** Removes the keys that only other sources have, and notes each as a mistake. */
  #withoutForeign (given: unknown, own: OptionsSchema['shape'], place: Place): unknown {
    if (typeof given !== 'object' || given === null) return given
    const ownKeys = new Set(Object.keys(own).map(snakeCase))
    return Object.fromEntries(Object.entries(given).filter(([key]) => {
      const others = this.#sourcesWith.get(key) ?? []
      const isForeign = others.length > 0 && !ownKeys.has(key)
      if (isForeign) this.#note([...place, key], `${key} is for dataset ${others.join(' or ')}`, 'key')
      return !isForeign
    }))
  }

  async #files (dataset: unknown, names: unknown, place: Place): Promise<void> {
    if (typeof dataset !== 'string') return
    const known = Object.keys(this.#known.sources)
    if (isDatasetName(dataset) && dataset.includes('/')) return // on the Hub: found later
    if (!known.includes(dataset)) {
      const hint = /^(?:jsonl|ndjson)$/.test(dataset) ? ' (NDJSON is dataset: json)' : near(dataset, known)
      const expected = `${known.join(' or ')}, with data_files, or OWNER/NAME of a dataset on the Hub${hint}`
      this.#note([...place, 'dataset'], `${dataset} cannot be read, expected ${expected}`)
    } else if (names === null) {
      this.#note([...place, 'dataset'], `dataset ${dataset} needs data_files: a path, a glob, or a list of them`)
    }
    const { data } = fileNames.safeParse(names)
    for (const [index, name] of (data === undefined ? [] : [data].flat()).entries()) {
      await this.#checkName(name).catch((error: unknown) => {
        this.#note([...place, 'data_files', ...(Array.isArray(data) ? [index] : [])], messageOf(error))
      })
    }
  }

  /**
   * Checks that local files exist; for a file on the Hub, only the name is checked, because the Hub is queried later.
   */
  async #checkName (name: string): Promise<void> {
    if (isHubName(name)) hubAddress(name)
    else await this.#find(name)
  }

  async #filter (given: unknown, place: Place): Promise<Filter | undefined> {
    const entries: Array<[string, unknown]> = typeof given === 'string' ? [[given, {}]] : Object.entries(given ?? {})
    const [stage, options] = entries[0] ?? []
    if (typeof given === 'object' && entries.length > 1 && entries[0]![1] === null) {
      const mistake = `the options of ${stage} begin in the same column as its name`
      this.#note(place, `${mistake}, expected them further to the right`)
      return undefined
    }
    if (stage === undefined || entries.length !== 1) {
      const example = 'length: { min_chars: 200 }'
      this.#note(place, `expected the name of a stage, or one name with its options, such as ${example}`)
      return undefined
    }
    const named = typeof given === 'string' ? place : [...place, stage]
    if (stage === USE) return await this.#customFilter(options, named)
    const schema = Object.hasOwn(this.#known.filters, stage) ? this.#known.filters[stage] : undefined
    if (schema === undefined) {
      const known = [...Object.keys(this.#known.filters), USE]
      this.#note(named, `unknown stage ${stage}${suggestion(stage, known)}`, 'key')
      return undefined
    }
    const { expect, ...own } = typeof options === 'object' && options !== null ? options as Record<string, unknown> : {}
    const checked = this.#object(schema, typeof options === 'object' ? own : options, named)
    if (checked === undefined) return undefined
    // #object checks each key by itself; this checks rules that concern several options.
    const whole = validateOptions(schema, checked)
    if ('mistakes' in whole) {
      for (const { path, message } of whole.mistakes) {
        this.#note([...named, ...path.map(key => snakeCase(String(key)))], withNames(message, snakeCase))
      }
    }
    return { stage, options: checked, ...await this.#model(stage, checked, named), ...this.#expectation(expect, named) }
  }

  /** The model that a stage reads, with the current SHA-256 of its file. */
  async #model (stage: string, options: Filter['options'], place: Place): Promise<Pick<Filter, 'model'>> {
    const use = this.#known.models?.[stage]
    try {
      const path = use?.path(options) ?? null
      if (path === null) return {}
      const model = await findModel(path)
      const { readLabels } = await import('../../lib/fasttext/model.ts')
      const mistake = use!.mistake(options, path, await readLabels(path))
      if (mistake !== undefined) {
        this.#note(options[mistake.key] === undefined ? place : [...place, mistake.key], mistake.message)
      }
      return { model }
    } catch (error) {
      this.#note(options.model === undefined ? place : [...place, 'model'], messageOf(error))
      return {}
    }
  }

  /** A custom stage, given by the path of its module, or by `module` with the path next to the stage's options. */
  async #customFilter (given: unknown, place: Place): Promise<Filter | undefined> {
    const whole = (typeof given === 'string' ? { module: given } : given ?? {}) as Record<string, unknown>
    const { module: path, expect, ...options } = whole
    if (typeof path !== 'string' || path === '') {
      const example = 'use: { module: ./my-stage.js, min_words: 3 }'
      this.#note(place, `expected the path of a module, or module with its path, and options: ${example}`)
      return undefined
    }
    const expectation = this.#expectation(expect, place)
    try {
      const module = await loadStageModule(await findStageModule(path), options)
      return { stage: USE, options, module, ...expectation }
    } catch (error) {
      this.#note(typeof given === 'string' ? place : [...place, 'module'], messageOf(error))
      return undefined
    }
  }

  #expectation (given: unknown, place: Place): { readonly expect?: Expectation } {
    const expect = given === undefined ? undefined : this.#object(expectSchema, given, [...place, 'expect'])
    return expect === undefined ? {} : { expect }
  }

  /** An object whose keys are the schema's in snake case; undefined when it has mistakes. */
  #object<S extends OptionsSchema> (schema: S, given: unknown, place: Place): z.output<S> | undefined {
    const camelCase = new Map(Object.keys(schema.shape).map(key => [snakeCase(key), key]))
    const checked = validateWritten(z.strictObject(renameKeys(schema.shape, snakeCase)), given)
    if ('options' in checked) return renameKeys(checked.options, key => camelCase.get(key)!) as z.output<S>
    for (const { path, message, kind } of checked.mistakes) {
      // A missing key has no line, so its name must be in the message.
      const name = kind === 'missing' && path.length > 0 ? `${String(path.at(-1))}: ` : ''
      const other = kind === 'unknown_key' && path.length === 1 ? otherPlace(String(path[0]), place) : undefined
      const mistake = other ?? name + message + adviceFor(message)
      this.#note([...place, ...path], mistake, kind === 'unknown_key' ? 'key' : 'value')
    }
    return undefined
  }

  #distinct (values: readonly unknown[], key: string, placeOf: (index: number) => Place): void {
    const seen = new Set<unknown>()
    for (const [index, value] of values.entries()) {
      if (typeof value !== 'string') continue
      const same = key === 'name' ? value : resolve(value)
      if (seen.has(same)) {
        const mistake = `two components have the ${key} ${value}, expected a different one for each`
        this.#note([...placeOf(index), key], mistake)
      }
      seen.add(same)
    }
  }

  #note (place: Place, message: string, at: Mistake['at'] = 'value'): void {
    this.mistakes.push({ place, at, message })
  }
}

/** A suggestion if a word is close to a known one, otherwise an empty text. */
function near (word: string, known: readonly string[]): string {
  const found = suggestion(word, known)
  return found.includes('did you mean') ? found : ''
}

/** Advice on writing a value that YAML reads as another type than intended. */
function adviceFor (message: string): string {
  if (/^expected a string, got (?:-?[\d.e+]+|true|false)$/.test(message)) return '; write it in quotes'
  return message === 'expected a list, got a mapping' ? '; each entry of a list begins with "- "' : ''
}
