import { readFileSync } from 'node:fs'
import type { Document } from '../../../lib/document.ts'

/** The documents of an NDJSON corpus, in memory; read without any code that is measured. */
export function documentsOf (path: string): Document[] {
  return readFileSync(path, 'utf8').split('\n').filter(line => line !== '')
    .map(line => ({ ...JSON.parse(line) as Pick<Document, 'id' | 'text'>, meta: {} }))
}
