import type { Document } from '../lib/document.ts'
import { type Output, openOutput } from '../lib/output.ts'
import { Stage } from '../lib/stage.ts'
import { ndjsonLine } from '../sinks/ndjson.ts'

/** Lines are collected to about this many characters before they go to the file. */
const WRITE_CHARS = 64 * 1024

/** Passes documents on, and writes each to an NDJSON file, which has its name once the flow has ended well. */
export function tee (path: string): Stage<Document, Document> {
  let output: Output | undefined
  let lines = ''
  return new Stage<Document, Document>({
    name: 'tee',
    async open () {
      output = await openOutput(path)
    },
    take (document, push) {
      lines += ndjsonLine(document)
      push(document)
      return lines.length < WRITE_CHARS ? undefined : write()
    },
    async finish () {
      await write()
      await output!.commit()
      output = undefined
    },
    async close () {
      await output?.abandon()
    }
  })

  async function write (): Promise<undefined> {
    const bytes = Buffer.from(lines)
    lines = ''
    await output!.write(bytes)
  }
}
