import type { FoundComponent } from '../manifest/found.ts'
import type { SampleOptions } from '../forecast/sample.ts'
import { formatOf, isOnHub } from '../stages.ts'
import { type Tried, nullWhereUnreadable, tryField } from './fields.ts'

/** The path to a text in an array of objects: the field with the array, and the path within its items. */
const IN_ARRAY = /^([^.[\]]+)\[\]\.(.+)$/

/** Files that may be one object with all records. In `.jsonl` and `.ndjson` each object is a record. */
const WHOLE = /\.json(?:\.gz|\.zst)?$/i

/** An array of records, by the option `field`, and the field that holds their text. */
export interface ArrayField {
  readonly field: string
  readonly tried: Tried
}

/**
 * Recognizes a file that is one object with an array of records, such as `{"data": [{"text": …}, …]}`. Without the
 * option `field`, all their texts would be one document. If there are several files, each is one document: a page with
 * its paragraphs, or a conversation with its messages.
 *
 * @param tried the text field that was found without the option
 * @returns null for any other file
 */
export async function arrayField (
  found: FoundComponent, { field, documents }: Tried, reading: SampleOptions
): Promise<ArrayField | null> {
  const [, array, path] = IN_ARRAY.exec(field) ?? []
  const [file, ...others] = found.files
  const isWhole = formatOf(found) === 'json' && !isOnHub(found) && others.length === 0 && WHOLE.test(file!.path)
  if (array === undefined || !isWhole || documents.length !== 1) return null
  const withField = { ...found, sourceOptions: { ...found.sourceOptions, field: array } }
  const tried = await tryField(withField, path!, reading).catch(nullWhereUnreadable)
  return tried === null || tried.documents.length < 2 ? null : { field: array, tried }
}
