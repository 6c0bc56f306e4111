import { z } from 'zod'
import { jsonKind, writeOwn } from '../../lib/output/own-file.ts'
import { type JsonSchema, manifestJsonSchema } from '../manifest/json-schema.ts'
import { knownStages } from '../stages.ts'

export const schemaOptions = z.strictObject({
  output: z.string().min(1).optional().describe('JSON file to write the schema to (default: standard output)')
}).describe('the JSON Schema of manifests, by which editors complete and check them')

/** The schema, or where it was written. */
export type SchemaResult = JsonSchema | { readonly output: string }

/** By this a schema is known, before another one takes its place. */
const SCHEMA = jsonKind('a JSON Schema', '$schema', '$defs')

/**
 * The JSON Schema of manifests, draft 2020-12, written to a file where one is named.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` for a file that is no JSON Schema, `ERR_OUTPUT`
 */
export async function writeSchema ({ output }: z.output<typeof schemaOptions> = {}): Promise<SchemaResult> {
  const schema = manifestJsonSchema(knownStages)
  if (output === undefined) return schema
  await writeOwn(output, schemaText(schema), SCHEMA)
  return { output }
}

/** How editors come to know a manifest's schema, for people. */
export function schemaNote (result: SchemaResult): string {
  const path = typeof result.output === 'string' ? result.output : 'FILE'
  const use = 'as the first line of a manifest, with the path from the manifest\'s folder, tells editors of this schema'
  return `${EDITOR_LINE}${path}\n${use}`
}

/** By this line editors find the schema of a YAML file: the language server of YAML reads it. */
export const EDITOR_LINE = '# yaml-language-server: $schema='

/** The schema as a file has it. */
export function schemaText (schema: JsonSchema = manifestJsonSchema(knownStages)): string {
  return JSON.stringify(schema, null, 2) + '\n'
}
