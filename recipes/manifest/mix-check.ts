import { join, relative, resolve, sep } from 'node:path'
import { checkShares } from '../../lib/mix/shares.ts'
import { messageOf } from '../../lib/errors.ts'
import { isFlat } from '../../lib/shards/formats/formats.ts'
import { suggestion } from '../../lib/options.ts'
import type { Mistake } from './mistake.ts'
import type { MixSettings } from './mix-schema.ts'
import type { Component } from './schema.ts'

/** Mistakes in the key `mixture` that concern several of its keys, or other parts of the manifest. */
export function mixMistakes (
  mix: MixSettings, names: readonly string[], components: readonly Component[]
): Mistake[] {
  const { tokens, epochs, sources } = mix
  const mistakes: Mistake[] = []
  const note = (place: readonly string[], message: string, at: Mistake['at'] = 'value'): void => {
    mistakes.push({ place: ['mixture', ...place], at, message })
  }
  if (tokens === undefined && epochs === undefined) note([], 'expected tokens, such as 10B, or epochs', 'key')
  if (tokens !== undefined && epochs !== undefined) note(['epochs'], 'expected tokens or epochs, got both', 'key')
  const misfit = formatMisfit(mix)
  if (misfit !== null) note([misfit.key], misfit.message)
  for (const component of components) {
    const { name, outputDir, rawDir, filteredDir } = component
    for (const folder of [outputDir, rawDir, filteredDir]) {
      if (folder === null || !isClash(resolve(mix.outputDir), resolve(folder))) continue
      note(['output_dir'], `${mix.outputDir}: component ${name} has its files in ${folder}; name another folder`)
    }
  }
  const drawn = drawnFrom(mix, components)
  for (const component of drawn) {
    const mistake = undrawable(component, drawn[0]!)
    if (mistake !== null) note(sources === null ? [] : ['sources', component.name], mistake, 'key')
  }
  if (sources === null) return mistakes
  for (const name of Object.keys(sources)) {
    if (names.includes(name)) continue
    note(['sources', name], `no component is called ${name}${suggestion(name, names)}`, 'key')
  }
  try {
    checkShares(Object.fromEntries(Object.entries(sources).map(([name, { share }]) => [name, share])))
  } catch (error) {
    note(['sources'], messageOf(error).replace('mixture.sources: ', ''))
  }
  return mistakes
}

/** The components that a mixture draws documents from. */
export function drawnFrom<C extends Pick<Component, 'name'>> (
  { sources }: Pick<MixSettings, 'sources'>, components: readonly C[]
): C[] {
  return components.filter(({ name }) => sources === null || (sources[name]?.share ?? 0) > 0)
}

/** Why documents can't be drawn from the shards of a component; null if they can. */
function undrawable ({ name, format, packing, seqLen, dtype }: Component, first: Component): string | null {
  if (format !== 'npy') {
    return `component ${name} has format ${format}, and documents are drawn from npy shards; set format in mixture`
  }
  if (packing === 'best_fit') {
    return `component ${name} has packing best_fit, which cuts documents; set packing in mixture`
  }
  const differs = (key: string, own: unknown, other: unknown): string =>
    `component ${name} has ${key} ${String(own)}, and ${first.name} ${String(other)}; a mixture needs the same for all`
  if (seqLen !== first.seqLen) return differs('seq_len', seqLen, first.seqLen)
  const [own, other] = [dtype ?? 'int32', first.dtype ?? 'int32']
  return own === other ? null : differs('dtype', own, other)
}

/** The folders in the output folder of a mixture that it writes. */
const WRITTEN = ['train', 'validation', '.shuffle']

/**
 * Whether the output folder of a mixture is, or is in, another folder, or that one is in a folder that the mixture
 * writes. Both paths are absolute.
 */
export function isClash (outputDir: string, folder: string): boolean {
  return isIn(outputDir, folder) || WRITTEN.some(name => isIn(folder, join(outputDir, name)))
}

/** Whether a path is a folder, or in it. */
function isIn (path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path
}

/** What the format of a mixture can't have; null if it can have what its settings say. */
export function formatMisfit (
  { format, packing, shuffle }: Pick<MixSettings, 'format' | 'packing' | 'shuffle'>
): { readonly key: 'packing' | 'shuffle', readonly message: string } | null {
  if (!isFlat(format)) return null
  const why = `format ${format} has no sequences, as its readers cut samples themselves`
  if (packing === 'best_fit') {
    return { key: 'packing', message: `best_fit: ${why}; leave out packing, or use format npy, mds or parquet` }
  }
  if (shuffle !== 'sequences') return null
  return { key: 'shuffle', message: `sequences: ${why}; use documents or none, or format npy, mds or parquet` }
}
