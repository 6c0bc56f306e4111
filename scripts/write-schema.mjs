// Writes the JSON Schema of manifests to the package, from the built code.
import { readFileSync, writeFileSync } from 'node:fs'

const PATH = 'dist/manifest.schema.json'

const { schemaText } = await import('../dist/recipes/start/schema.js')
const text = schemaText()
let before = ''
try {
  before = readFileSync(PATH, 'utf8')
} catch {} // there is none yet
if (text !== before) writeFileSync(PATH, text)
