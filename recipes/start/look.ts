import { SluiceError } from '../../lib/errors.ts'
import { loadCld3 } from '../../lib/language/cld3.ts'
import { isIndented } from '../forecast/indentation.ts'
import { type Sample, type SampleOptions, sampleComponent } from '../forecast/sample.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { isOnHub } from '../stages.ts'
import { arrayField } from './array-field.ts'
import { textField } from './fields.ts'

/** The findings about a component, from a sample of its documents. */
export interface Look {
  readonly component: FoundComponent
  readonly sample: Sample
  /** Whether records have an `id`. */
  readonly hasIds: boolean
  /** Other fields with texts, among those that were tried. */
  readonly otherFields: readonly string[]
  /** The share of the documents in each language, the largest first; `und` stands for unknown ones. */
  readonly languages: ReadonlyArray<readonly [language: string, share: number]>
  /** Whether documents have indented lines, as code does. */
  readonly isCode: boolean
}

/** Documents in the sample of a component. */
const SAMPLED = 200

/** If many files are named one by one, the text field is detected in this many. The others are assumed to be alike. */
const MAX_TRIED = 50

/** Documents count as code if at least this share of them is indented. */
const INDENTED = 0.1

/**
 * Examines inputs whose files are known. Files of one format with the text in the same field become one component.
 *
 * @param textColumn the field that holds the text; undefined to detect it
 * @throws SluiceError as their sources do; `ERR_FILES` if they have no documents
 */
export async function lookAt (
  inputs: readonly FoundComponent[], textColumn: string | undefined, reading: SampleOptions
): Promise<Look[]> {
  const groups = new Map<string, Group>()
  const ofFormat = new Map<string, Group>()
  for (const [index, input] of inputs.entries()) {
    refuseWithoutRecords(input)
    const { dataset } = input
    const known = isOnHub(input) || index < MAX_TRIED ? undefined : ofFormat.get(dataset)
    const group = known ?? await groupOf(input, textColumn, reading)
    const key = isOnHub(input) ? `hub ${index}` : JSON.stringify([dataset, group.sourceOptions, group.textColumn])
    const same = groups.get(key) ?? group
    if (!same.inputs.includes(input)) same.inputs.push(input)
    groups.set(key, same)
    ofFormat.set(dataset, ofFormat.get(dataset) ?? same)
  }
  const looks: Look[] = []
  const names = new Map<string, number>()
  for (const group of groups.values()) {
    const name = group.inputs[0]!.name
    const count = (names.get(name) ?? 0) + 1
    names.set(name, count)
    looks.push(await lookAtGroup(group, count === 1 ? name : `${name}_${count}`, reading))
  }
  return looks
}

/** Inputs that become one component. */
interface Group extends Pick<Look, 'hasIds' | 'otherFields'>, Pick<FoundComponent, 'textColumn' | 'sourceOptions'> {
  readonly inputs: FoundComponent[]
}

async function groupOf (input: FoundComponent, asked: string | undefined, reading: SampleOptions): Promise<Group> {
  const { tried, fields } = await textField(input, asked, reading)
  const { field, documents, hasIds } = tried
  if (documents.length === 0) throw nothing(input, 'no document was found in it')
  const { sourceOptions } = input
  const array = asked === undefined ? await arrayField(input, tried, reading) : null
  if (array !== null) {
    const { field: textColumn, hasIds } = array.tried
    return {
      textColumn, hasIds, otherFields: [], sourceOptions: { ...sourceOptions, field: array.field }, inputs: [input]
    }
  }
  const otherFields = fields.filter(other => other !== field)
  return { textColumn: field, hasIds, otherFields, sourceOptions, inputs: [input] }
}

async function lookAtGroup (
  { inputs, textColumn, sourceOptions, ...known }: Group, name: string, reading: SampleOptions
): Promise<Look> {
  const component = {
    ...inputs[0]!,
    name,
    textColumn,
    sourceOptions,
    files: inputs.flatMap(({ files }) => files),
    namedFiles: inputs.flatMap(({ namedFiles }) => namedFiles)
  }
  const sample = await sampleComponent(component, SAMPLED, null, { ...reading, tell: undefined })
  const isCode = sample.texts.filter(isIndented).length >= INDENTED * sample.texts.length
  return { ...known, component, sample, isCode, languages: isCode ? [] : await languagesOf(sample.texts) }
}

/** @throws SluiceError `ERR_FILES` for empty files, and for inputs that can be read only once */
function refuseWithoutRecords (input: FoundComponent): void {
  const { files } = input
  if (files.every(({ size }) => size === 0)) throw nothing(input, files.length === 1 ? 'is empty' : 'are empty')
  if (files.some(({ size }) => size === null)) throw nothing(input, 'can be read only once, like a pipe')
}

function nothing ({ files, dataset }: FoundComponent, why: string): SluiceError {
  const name = files.length === 0 ? dataset : files[0]!.path
  const more = files.length > 1 ? ` and ${files.length - 1} more` : ''
  return new SluiceError('ERR_FILES', `${name}${more}: ${why}; name files with documents`)
}

async function languagesOf (texts: readonly string[]): Promise<Look['languages']> {
  const counts = new Map<string, number>()
  const detector = await loadCld3()
  try {
    for (const text of texts) {
      const { language } = await detector.detect(text)
      counts.set(language, (counts.get(language) ?? 0) + 1)
    }
  } finally {
    detector.close?.()
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  return sorted.map(([language, count]) => [language, count / texts.length] as const)
}
