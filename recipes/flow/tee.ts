import type { Document } from '../../lib/document.ts'
import type { LineWriter } from '../../lib/output/line-writer.ts'
import { Stage } from '../../lib/stage/stage.ts'
import { ndjsonLine } from '../../sinks/ndjson.ts'

/** Passes documents on, and writes each as a line of NDJSON; whoever runs the flow commits the file once it has ended well. */
export function tee (writer: LineWriter): Stage<Document, Document> {
  return new Stage<Document, Document>({
    name: 'tee',
    take (document, push) {
      push(document)
      return writer.add(ndjsonLine(document))?.then(() => undefined)
    }
  })
}
