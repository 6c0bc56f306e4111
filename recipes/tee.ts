import type { Document } from '../lib/document.ts'
import { LineWriter } from '../lib/line-writer.ts'
import { Stage } from '../lib/stage.ts'
import { ndjsonLine } from '../sinks/ndjson.ts'

/** Passes documents on, and writes each to an NDJSON file, which has its name once the flow has ended well. */
export function tee (path: string): Stage<Document, Document> {
  const writer = new LineWriter(path)
  return new Stage<Document, Document>({
    name: 'tee',
    take (document, push) {
      push(document)
      return writer.add(ndjsonLine(document))?.then(() => undefined)
    },
    finish: () => writer.commit(),
    close: () => writer.abandon()
  })
}
