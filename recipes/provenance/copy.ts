import { basename, dirname, join } from 'node:path'
import { documentPath } from '../../lib/input/find.ts'
import { readOwn } from '../../lib/output/own-file.ts'
import { licensesSection } from './licenses-page.ts'
import { findProvenance, writeProvenance } from './write.ts'

/** Writes the provenance of a pulled file next to its copy in another folder. Nothing is written if there is none. */
export async function copyProvenance (from: string, to: string): Promise<void> {
  const found = await findProvenance([from])
  const pull = found.find(({ provenance }) => provenance !== null)?.provenance
  if (pull == null) return
  const { card, licenses_md: licenses, ...provenance } = pull
  const read = async (name: string | null): Promise<string | null> =>
    name === null ? null : await readOwn(join(dirname(from), name))
  const page = await read(licenses)
  await writeProvenance(to, { ...provenance, output: { ...provenance.output, path: documentPath(to) } }, {
    card: await read(card),
    counts: page === null ? null : licensesSection(page, basename(from))
  })
}
