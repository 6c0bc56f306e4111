import { join, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../errors.ts'
import { findFiles } from '../files.ts'
import { renameKeys, snakeCase } from '../names.ts'
import { type OptionsSchema, checkOptions, suggestion } from '../options.ts'
import { type Component, type Filter, type Manifest, componentSchema, localDatasets, manifestSchema, tokenizerSchema } from './schema.ts'

/** Where in a manifest something is: keys and indices, from the top. */
export type Place = readonly PropertyKey[]

export interface Mistake {
  readonly place: Place
  /** Whether it's the key that is wrong, or the value. */
  readonly at: 'key' | 'value'
  readonly message: string
}

/** The stages that `filters` may name, with their options. */
export type KnownFilters = Readonly<Record<string, OptionsSchema>>

/** Checks the content of a manifest, and collects every mistake in it. */
export class ManifestChecker {
  readonly mistakes: Mistake[] = []
  readonly #filters: KnownFilters

  constructor (filters: KnownFilters) {
    this.#filters = filters
  }

  /** The manifest, without what is wrong in it. It may also be the bare list of datasets. */
  async manifest (content: unknown): Promise<Omit<Manifest, 'path' | 'sha256'>> {
    const bare = Array.isArray(content)
    const top = this.#object(manifestSchema, bare ? { datasets: content } : content, [])
    const tokenizer = this.#object(tokenizerSchema, partOf(content, 'tokenizer') ?? {}, ['tokenizer'])
    const datasets: Component[] = []
    const places = new Map<Component, Place>()
    for (const [index, given] of listOf(bare ? content : partOf(content, 'datasets')).entries()) {
      const place = bare ? [index] : ['datasets', index]
      const component = await this.#component(given, place)
      if (component === undefined) continue
      datasets.push(component)
      places.set(component, place)
    }
    this.#distinct(places, 'name', component => component.name)
    this.#distinct(places, 'output_dir', component => component.outputDir, component => resolve(component.outputDir))
    return {
      name: top?.name ?? null,
      stats: top?.stats ?? null,
      tokenizer: tokenizer ?? tokenizerSchema.parse({}),
      tokenizerPath: top?.tokenizerOutputDir == null || tokenizer === undefined
        ? null
        : join(top.tokenizerOutputDir, `spm_${tokenizer.vocabSize}_${tokenizer.modelType}.model`),
      datasets
    }
  }

  async #component (given: unknown, place: Place): Promise<Component | undefined> {
    const read = this.#object(componentSchema, given, place)
    const filters = listOf(partOf(given, 'filters')).map((filter, index) => this.#filter(filter, [...place, 'filters', index]))
    if (read === undefined) return undefined
    const { dataset, dataFiles } = read
    if (!(localDatasets as readonly string[]).includes(dataset)) {
      this.#note([...place, 'dataset'], `${dataset} cannot be read by this version, expected ${localDatasets.join(' or ')}, with data_files`)
    } else if (dataFiles === null) {
      this.#note([...place, 'dataset'], `dataset ${dataset} needs data_files: a path, a glob, or a list of them`)
    } else {
      await findFiles(dataFiles).catch((error: unknown) => { this.#note([...place, 'data_files'], messageOf(error)) })
    }
    return {
      ...read,
      dataFiles: dataFiles ?? [],
      filters: filters.filter(filter => filter !== undefined),
      outputDir: read.outputDir ?? join('data', 'shards', read.name)
    }
  }

  #filter (given: unknown, place: Place): Filter | undefined {
    const entries: Array<[string, unknown]> = typeof given === 'string' ? [[given, {}]] : Object.entries(given ?? {})
    const [stage, options] = entries[0] ?? []
    if (stage === undefined || entries.length !== 1) {
      this.#note(place, 'expected the name of a stage, or one name with its options, such as length: { min_chars: 200 }')
      return undefined
    }
    const named = typeof given === 'string' ? place : [...place, stage]
    const schema = this.#filters[stage]
    if (schema === undefined) {
      this.#note(named, `unknown stage ${stage}${suggestion(stage, Object.keys(this.#filters))}`, 'key')
      return undefined
    }
    const checked = this.#object(schema, options ?? {}, named)
    if (checked === undefined) return undefined
    // Rules on several options at once are the schema's own, and not those of its single keys.
    const whole = checkOptions(schema, checked)
    if ('mistakes' in whole) for (const { message } of whole.mistakes) this.#note(named, message)
    return { stage, options: checked }
  }

  /** An object whose keys are the schema's in snake case; undefined when it has mistakes. */
  #object<S extends OptionsSchema> (schema: S, given: unknown, place: Place): z.output<S> | undefined {
    const camelCase = new Map(Object.keys(schema.shape).map(key => [snakeCase(key), key]))
    const checked = checkOptions(z.strictObject(renameKeys(schema.shape, snakeCase)), given)
    if ('options' in checked) return renameKeys(checked.options, key => camelCase.get(key)!) as z.output<S>
    for (const { path, message, unknownKey } of checked.mistakes) this.#note([...place, ...path], message, unknownKey ? 'key' : 'value')
    return undefined
  }

  #distinct (places: ReadonlyMap<Component, Place>, key: string, written: (component: Component) => string, valueOf = written): void {
    const owners = new Map<string, Component>()
    for (const [component, place] of places) {
      const owner = owners.get(valueOf(component))
      if (owner === undefined) owners.set(valueOf(component), component)
      else this.#note([...place, key], `two components have the ${key} ${written(component)}, expected one of its own for each`)
    }
  }

  #note (place: Place, message: string, at: Mistake['at'] = 'value'): void {
    this.mistakes.push({ place, at, message })
  }
}

/** A part of something that may have mistakes elsewhere: those in the part are told all the same. */
function partOf (given: unknown, key: string): unknown {
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[key] : undefined
}

function listOf (given: unknown): unknown[] {
  return Array.isArray(given) ? given : []
}
