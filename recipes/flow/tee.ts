import type { LineWriter } from '../../lib/output/line-writer.ts'
import { Stage } from '../../lib/stage/stage.ts'
import { ndjsonLine } from '../../sinks/ndjson.ts'
import { type FlowItem, documentOf } from './workers/batch-entry.ts'

/**
 * Passes documents on and writes each as a line of NDJSON. The caller commits the file after the flow has succeeded.
 */
export function tee (writer: LineWriter): Stage<FlowItem, FlowItem> {
  return new Stage<FlowItem, FlowItem>({
    name: 'tee',
    take (item, push) {
      push(item)
      return writer.add(ndjsonLine(documentOf(item)))?.then(() => undefined)
    }
  })
}
