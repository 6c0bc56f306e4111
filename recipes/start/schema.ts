import { z } from 'zod'
import { jsonKind, writeOwn } from '../../lib/output/own-file.ts'
import { type JsonSchema, manifestJsonSchema } from '../manifest/json-schema.ts'
import { knownStages } from '../stages.ts'

export const schemaOptions = z.strictObject({
  output: z.string().min(1).optional().describe('JSON file to write the schema to (default: standard output)')
}).describe('the JSON Schema of manifests, with which editors complete and check them')

/** The schema, or where it was written. */
export type SchemaResult = JsonSchema | { readonly output: string }

/** Recognizes an existing schema, so that no other file is replaced. */
const SCHEMA = jsonKind('a JSON Schema', '$schema', '$defs')

/**
 * Writes the JSON Schema of manifests, draft 2020-12, to a file, or returns it if no file is named.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` for a file that is not a JSON Schema, `ERR_OUTPUT`
 */
export async function writeSchema ({ output }: z.output<typeof schemaOptions> = {}): Promise<SchemaResult> {
  const schema = manifestJsonSchema(knownStages)
  if (output === undefined) return schema
  await writeOwn(output, schemaText(schema), SCHEMA)
  return { output }
}

/** A note on how editors find the schema. */
export function schemaNote (result: SchemaResult): string {
  const path = typeof result.output === 'string' ? result.output : 'FILE'
  const use = 'As the first line of a manifest, with the path relative to its folder, it makes editors use this schema.'
  return `${EDITOR_LINE}${path}\n${use}`
}

/** The start of the line by which editors find the schema of a YAML file: the YAML language server reads it. */
export const EDITOR_LINE = '# yaml-language-server: $schema='

/** The schema as the text of a file. */
export function schemaText (schema: JsonSchema = manifestJsonSchema(knownStages)): string {
  return JSON.stringify(schema, null, 2) + '\n'
}
