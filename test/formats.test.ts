/** The same records give the same documents in every format and compression, and in any number of files. */
import { join } from 'node:path'
import fc from 'fast-check'
import { t } from './tap.ts'
import type { Document } from '../lib/document.ts'
import type { SourcePosition } from '../lib/records/positions.ts'
import { makeSource } from '../recipes/stages.ts'
import { text } from '../sources/text.ts'
import { type PlainRecord, canBe, compressions, formats } from './formats.ts'
import { collect, doc, put, codePoint, howMany, temporaryFolder } from './helpers.ts'

const anyText = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 30 }).map(text => text.toWellFormed()),
  fc.string({ unit: fc.constantFrom(...'",;\t\n\r\\[]{}\0 ab'), maxLength: 12 }),
  fc.lorem({ maxCount: 40 })
)
const records = fc.array(fc.record({ text: anyText, url: anyText }), { maxLength: 12 })
  .map(given => given.map((record, i): PlainRecord => ({ id: `r${i}`, ...record })))

/** Splits the records into files at the cuts. */
function pieces (all: readonly PlainRecord[], cuts: readonly number[]): PlainRecord[][] {
  const ends = [...cuts.map(cut => cut % (all.length + 1)).sort((a, b) => a - b), all.length]
  return ends.map((end, i) => all.slice(ends[i - 1] ?? 0, end))
}

for (const [name, format] of Object.entries(formats)) {
  t.test(`${name}: every compression, number of files and position gives the same documents`, async t => {
    const folder = temporaryFolder(t)
    let run = 0
    const places = fc.array(fc.nat({ max: 12 }), { maxLength: 3 })
    await fc.assert(fc.asyncProperty(records, places, fc.nat(), async (all, cuts, at) => {
      run++
      const expected = all.map(({ id, text, url }) => doc(id, text, { url }))
      const kinds = Object.keys(compressions).filter(compression => canBe(format, compression))
      // Consecutive files have different compressions: a list may mix them.
      const paths: string[] = []
      for (const [i, piece] of pieces(all, cuts).entries()) {
        const compression = kinds[(run + i) % kinds.length]!
        const content = compressions[compression]!(await format.bytes(piece))
        paths.push(put(folder, join(String(run), `${i}.${format.ending}${compression}`), content))
      }
      const open = (from?: SourcePosition): AsyncIterable<Document> =>
        makeSource(format.dataset, paths, format.options ?? {}, { from }) as AsyncIterable<Document>
      const source = makeSource(format.dataset, paths, format.options ?? {})
      const positions: SourcePosition[] = []
      const got: Document[] = []
      for await (const document of source as AsyncIterable<Document>) {
        got.push(document)
        positions.push(source.position)
      }
      t.strictSame(got, expected)
      if (all.length === 0) return
      const rest: Document[] = []
      for await (const document of open(positions[at % all.length])) rest.push(document)
      t.strictSame(rest, expected.slice(at % all.length + 1), 'resumed from a position')
    }), { numRuns: howMany(4, 60) })
  })
}

t.test('text: compressed and plain files give the same texts', async t => {
  const folder = temporaryFolder(t)
  const lines = fc.array(anyText.map(line => line.replace(/[\n\r]|^\ufeff/g, '')), { maxLength: 12 })
  await fc.assert(fc.asyncProperty(lines, fc.constantFrom('\n', '\r\n'), async (all, end) => {
    const bytes = Buffer.from(all.map(line => line + end).join(''))
    for (const [compression, compress] of Object.entries(compressions)) {
      const path = put(folder, `a.txt${compression}`, compress(bytes))
      t.strictSame((await collect<Document>(text(path))).map(document => document.text), all)
    }
  }), { numRuns: howMany(4, 60) })
})
