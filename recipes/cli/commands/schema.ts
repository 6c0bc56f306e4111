import { schemaNote, schemaOptions, writeSchema } from '../../start/schema.ts'
import { command } from '../command.ts'

export const schema = command(schemaOptions, (_args, options) => writeSchema(options), {
  givesJson: true,
  report: schemaNote
})
