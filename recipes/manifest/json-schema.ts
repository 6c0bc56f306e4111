import { z } from 'zod'
import { type OptionsSchema, renameKeys, snakeCase } from '../../lib/options.ts'
import type { KnownStages } from './check.ts'
import { mixSchema } from './mix-schema.ts'
import { USE, componentSchema, dedupSchema, expectSchema, manifestSchema, tokenizerSchema } from './schema.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A number that a manifest writes as text: `1_000_000`, or `"12"`. */
const NUMBER_TEXT: JsonSchema = {
  type: 'string', pattern: '^[+-]?(\\d+(_\\d+)*(\\.(\\d+(_\\d+)*)?)?|\\.\\d+(_\\d+)*)([eE][+-]?\\d+)?$'
}

/** The name of a dataset on the Hub: `OWNER/NAME`. */
const HUB_DATASET = '^[\\w-][\\w.-]*/[\\w-][\\w.-]*$'

/**
 * The JSON Schema of manifests, draft 2020-12, for editors and other programs. It is made from the schemas that check
 * manifests, but lacks their rules in code, such as those that concern several options at once.
 */
export function manifestJsonSchema ({ filters, sources }: KnownStages): JsonSchema {
  const datasets = { ...propertiesOf(manifestSchema).datasets as object, items: ref('component') }
  const tokenizer = orNull({ ...objectOf(tokenizerSchema), description: manifestSchema.shape.tokenizer.description })
  const dedup = orNull({ ...objectOf(dedupSchema), description: manifestSchema.shape.dedup.description })
  const mixture = orNull({ ...objectOf(mixSchema), description: manifestSchema.shape.mixture.description })
  const manifest = objectOf(manifestSchema)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A manifest of sluice',
    description: 'A mixture of datasets, and the tokenizer that encodes them; or the bare list of the datasets.',
    anyOf: [
      { ...manifest, properties: { ...manifest.properties as object, tokenizer, datasets, dedup, mixture } },
      { type: 'array', minItems: 1, items: ref('component') }
    ],
    $defs: {
      component: componentOf(sources),
      filter: filterOf(filters),
      number: NUMBER_TEXT,
      expect: objectOf(expectSchema)
    }
  }
}

function ref (name: string): JsonSchema {
  return { $ref: `#/$defs/${name}` }
}

/** A component: which options are keys depends on its source, and local files must be named. */
function componentOf (sources: KnownStages['sources']): JsonSchema {
  const component = objectOf(componentSchema)
  const all = Object.values(sources).flatMap(source => Object.entries(propertiesOf(source)))
  const keys = [...new Set(all.map(([key]) => key))]
  const rules = Object.entries(sources).map(([name, source]) => {
    const foreign = keys.filter(key => !Object.hasOwn(propertiesOf(source), key))
    return {
      if: { properties: { dataset: { const: name } }, required: ['dataset'] },
      then: {
        properties: { data_files: { not: { type: 'null' } }, ...Object.fromEntries(foreign.map(key => [key, false])) },
        required: ['data_files']
      }
    }
  })
  const { description } = componentSchema.shape.dataset
  const dataset = { description, anyOf: [{ enum: Object.keys(sources) }, { type: 'string', pattern: HUB_DATASET }] }
  const filters = { ...propertiesOf(componentSchema).filters as object, items: ref('filter') }
  const own = { ...component.properties as object, dataset, filters }
  return { ...component, properties: { ...own, ...Object.fromEntries(all) }, allOf: rules }
}

/** The name of a stage, or one name with its options. */
function filterOf (filters: KnownStages['filters']): JsonSchema {
  const stages = Object.entries(filters).map(([name, schema]): [string, JsonSchema] => {
    const options = objectOf(schema)
    const withExpect = { ...options, properties: { ...options.properties as object, expect: ref('expect') } }
    return [name, isRequired(options) ? withExpect : orNull(withExpect)]
  })
  const use: JsonSchema = {
    description: 'a custom stage: the path of its module, or module with it, and the options of the stage',
    anyOf: [
      { type: 'string', minLength: 1 },
      {
        type: 'object',
        properties: { module: { type: 'string', minLength: 1 }, expect: ref('expect') },
        required: ['module']
      }
    ]
  }
  const bare = stages.filter(([name]) => !isRequired(objectOf(filters[name]!)))
  const withOptions = [...stages, [USE, use] as const].map(([name, options]) => (
    { type: 'object', properties: { [name]: options }, required: [name], additionalProperties: false }
  ))
  return { anyOf: [{ enum: bare.map(([name]) => name) }, ...withOptions] }
}

function isRequired ({ required }: JsonSchema): boolean {
  return required !== undefined
}

/** `length:` with nothing after it is a stage without options. */
function orNull (schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema.type, 'null'] }
}

function propertiesOf (schema: OptionsSchema): Readonly<Record<string, unknown>> {
  return objectOf(schema).properties as Record<string, unknown>
}

/** The JSON Schema of an object of options, whose keys are written in snake case. */
function objectOf (schema: OptionsSchema): JsonSchema {
  const written = z.strictObject(renameKeys(schema.shape, snakeCase))
  const { $schema: _, ...json } = z.toJSONSchema(written, { io: 'input', unrepresentable: 'any', override: simplify })
  const { description } = schema
  return { ...json, ...description !== undefined && { description } }
}

/** Removes redundant keywords, and accepts numbers that are written as text. */
function simplify ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.several // for flags
  if (jsonSchema.default === null) delete jsonSchema.default
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.type !== 'integer' && jsonSchema.type !== 'number') return
  const { description, default: fallback, ...number } = jsonSchema
  for (const key of Object.keys(number)) Reflect.deleteProperty(jsonSchema, key)
  jsonSchema.anyOf = [number, { $ref: '#/$defs/number' }]
}
