import { SluiceError } from '../../lib/errors.ts'
import { loadCld3 } from '../../lib/language/cld3.ts'
import { isIndented } from '../forecast/indentation.ts'
import { type Sample, type SampleOptions, sampleComponent } from '../forecast/sample.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { isOnHub } from '../stages.ts'
import { textField } from './fields.ts'

/** What a component's files hold, by a part of them. */
export interface Look {
  readonly component: FoundComponent
  readonly sample: Sample
  /** Whether records have an `id` of their own. */
  readonly hasIds: boolean
  /** Other fields with texts, as far as they were tried. */
  readonly otherFields: readonly string[]
  /** The share of the documents in each language, the largest first; `und` stands for unknown ones. */
  readonly languages: ReadonlyArray<readonly [language: string, share: number]>
  /** Whether documents have indented lines, as code has. */
  readonly isCode: boolean
}

/** Documents that are drawn. */
const SAMPLED = 200

/** Of files that are named one by one, the fields of so many are looked for; the others are taken to be like these. */
const MOST_TRIED = 50

/** Where at least this share of the documents is indented, they are taken for code. */
const INDENTED = 0.1

/**
 * Looks at inputs whose files are found. Files of one format, with their text in the same field, become one component.
 *
 * @param textColumn the field that has the text; else it is looked for
 * @throws SluiceError as their sources do; `ERR_FILES` where there is nothing in them
 */
export async function lookAt (
  inputs: readonly FoundComponent[], textColumn: string | undefined, reading: SampleOptions
): Promise<Look[]> {
  const groups = new Map<string, Group>()
  const ofFormat = new Map<string, Group>()
  for (const [index, input] of inputs.entries()) {
    refuseWithoutRecords(input)
    const { dataset } = input
    const known = isOnHub(input) || index < MOST_TRIED ? undefined : ofFormat.get(dataset)
    const group = known ?? await groupOf(input, textColumn, reading)
    const key = isOnHub(input) ? `hub ${index}` : `${dataset} ${group.textColumn}`
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
interface Group extends Pick<Look, 'hasIds' | 'otherFields'> {
  readonly textColumn: string
  readonly inputs: FoundComponent[]
}

async function groupOf (input: FoundComponent, asked: string | undefined, reading: SampleOptions): Promise<Group> {
  const { tried: { field, documents, hasIds }, fields } = await textField(input, asked, reading)
  if (documents.length === 0) throw nothing(input, 'no document was found in it')
  return { textColumn: field, hasIds, otherFields: fields.filter(other => other !== field), inputs: [input] }
}

async function lookAtGroup (
  { inputs, textColumn, ...known }: Group, name: string, reading: SampleOptions
): Promise<Look> {
  const component = {
    ...inputs[0]!,
    name,
    textColumn,
    files: inputs.flatMap(({ files }) => files),
    namedFiles: inputs.flatMap(({ namedFiles }) => namedFiles)
  }
  const sample = await sampleComponent(component, SAMPLED, null, { ...reading, tell: undefined })
  const isCode = sample.texts.filter(isIndented).length >= INDENTED * sample.texts.length
  return { ...known, component, sample, isCode, languages: isCode ? [] : await languagesOf(sample.texts) }
}

/** @throws SluiceError `ERR_FILES` for files that are empty, and for what can be read only once */
function refuseWithoutRecords (input: FoundComponent): void {
  const { files } = input
  if (files.every(({ size }) => size === 0)) throw nothing(input, files.length === 1 ? 'is empty' : 'are empty')
  if (files.some(({ size }) => size === null)) throw nothing(input, 'can be read only once, as a pipe can')
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
