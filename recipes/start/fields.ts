import type { Document } from '../../lib/document.ts'
import { MissingFieldError, SluiceError } from '../../lib/errors.ts'
import { isHubName } from '../../lib/hub/address.ts'
import type { SampleOptions } from '../forecast/sample.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { formatOf, makeSource, sourceOptionsOf } from '../stages.ts'

/** Documents that are read to choose a field. */
const TRIED = 20

/** Common names of fields that hold the text, the likeliest first. */
const TEXT_FIELDS = ['text', 'content', 'body', 'document', 'article', 'raw_content', 'story', 'markdown', 'code']

/** Fields that are tried. A table may have thousands of columns. */
const MAX_FIELDS = 40

/** A field that was tried, and the first documents with its text. */
export interface Tried {
  readonly field: string
  readonly documents: readonly Document[]
  readonly hasIds: boolean
}

/**
 * Finds the field that holds the text. Returns it with the first documents, and all fields with texts that were tried.
 *
 * @param asked the field that the user named; undefined to search for one
 * @throws SluiceError as the source does; a MissingFieldError if no field has a text
 */
export async function textField (
  found: FoundComponent, asked: string | undefined, reading: SampleOptions
): Promise<{ tried: Tried, fields: readonly string[] }> {
  let missing: MissingFieldError
  try {
    return { tried: await tryField(found, asked ?? found.textColumn, reading), fields: [] }
  } catch (error) {
    if (asked !== undefined || !(error instanceof MissingFieldError)) throw error
    missing = error
  }
  const tries: Tried[] = []
  for (const field of ranked(missing.fields).slice(0, MAX_FIELDS)) {
    const tried = await tryField(found, field, reading).catch(nullWhereUnreadable)
    if (tried === null || tried.documents.length === 0) continue
    tries.push(tried)
    if (TEXT_FIELDS.includes(field)) break
  }
  const best = tries.find(({ field }) => TEXT_FIELDS.includes(field)) ?? longest(tries)
  if (best === undefined) throw missing
  return { tried: best, fields: tries.map(({ field }) => field) }
}

/** White space between words, or a run of characters of a script that is written without spaces. */
const WORDS = /\s|[^\0-\x7f]{10}/

/** Fields with common names first. */
function ranked (fields: readonly string[]): string[] {
  const known = TEXT_FIELDS.filter(field => fields.includes(field))
  return [...known, ...fields.filter(field => !known.includes(field))]
}

/** The field with the longest texts, among those whose texts consist of words. */
function longest (tries: readonly Tried[]): Tried | undefined {
  const lengthOf = ({ documents }: Tried): number => {
    return documents.reduce((sum, { text }) => sum + text.length, 0) / documents.length
  }
  const ofWords = tries.filter(({ documents }) => {
    return documents.filter(({ text }) => WORDS.test(text.trim())).length > documents.length / 2
  })
  return ofWords.sort((a, b) => lengthOf(b) - lengthOf(a))[0]
}

/** Reads the first documents, with the text in a field. @throws SluiceError as the source does */
export async function tryField (
  component: FoundComponent, field: string, { signal, maxRetries, timeout, tell }: SampleOptions
): Promise<Tried> {
  const documents: Document[] = []
  let own = 0
  for (const file of component.files.filter(({ size }) => size !== 0)) {
    const located = ({ id }: Document, position: string): void => { if (id !== position) own++ }
    const hub = isHubName(file.path) ? { hub: { maxRetries, timeout, tell } } : {}
    const settings = { ...sourceOptionsOf(component), textColumn: field }
    const source = makeSource(formatOf(component), { files: [file] }, settings, { located, signal, ...hub })
    for await (const document of source as AsyncIterable<Document>) {
      documents.push(document)
      if (documents.length === TRIED) return { field, documents, hasIds: own >= TRIED }
    }
    if (documents.length > 0) break
  }
  return { field, documents, hasIds: documents.length > 0 && own >= documents.length }
}

/** For `catch`: null if the field can't be read. @throws any other error */
export function nullWhereUnreadable (error: unknown): null {
  if (error instanceof SluiceError && error.code !== 'ERR_ABORTED') return null
  throw error
}
