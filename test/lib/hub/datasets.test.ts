/**
 * For several hundred requests, the files found are those that Python's `datasets` finds; see
 * test/fixtures/make_hub_files.py.
 */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { EMPTY_CARD, readCard } from '../../../lib/hub/card.ts'
import { resolveDataFiles } from '../../../lib/hub/data-files.ts'
import { kindOf } from '../../../lib/hub/formats.ts'
import { fixture, howMany } from '../../helpers.ts'
import { listing } from './helpers.ts'

interface Answer {
  readonly subset: string | null
  readonly data_files: string | readonly string[] | null
  readonly error?: string
}

interface Found extends Answer {
  readonly config: string
  readonly format: string
  readonly splits: Readonly<Record<string, readonly string[]>>
  readonly sep: string | null
}

interface Case {
  readonly files: readonly string[]
  readonly card: string | null
  readonly asked: ReadonlyArray<Answer | Found>
}

const { cases } = JSON.parse(gunzipSync(readFileSync(fixture('hub-files.json.gz'))).toString()) as { cases: Case[] }

/** The result of our resolution, or its error. */
function resolve (
  { files, card }: Case,
  { subset, data_files: dataFiles }: Answer,
  split: string
):
  | { readonly paths: string[], readonly format: string, readonly subset: string | null, readonly sep: unknown }
  | { readonly error: string } {
  try {
    const paths = card === null || files.includes('README.md') ? files : [...files, 'README.md']
    const resolved = resolveDataFiles(
      listing(paths.toReversed()), card === null ? EMPTY_CARD : readCard(card),
      { dataset: 'o/ds', subset, split, dataFiles, converted: [] }
    )
    if ('needsConverted' in resolved) return { error: resolved.reason }
    const { sep = ',', delimiter = sep } = resolved.options
    return {
      paths: resolved.files.map(({ path }) => path), format: resolved.format, subset: resolved.subset, sep: delimiter
    }
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'ERR_DATASET') return { error: error.message }
    throw error
  }
}

/** Messages that state that sluice doesn't read such files. */
const NOT_READ = /isn't supported|is an archive|compressed as a whole|extension of a data file|no data files/

/** Errors of `datasets`, and our messages for them. */
const MESSAGES: Readonly<Record<string, RegExp>> = {
  'no subset': /has several subsets and no default; name one of them: /,
  'unknown subset': /has no subset|several subsets and no default/ // `datasets` uses the one of dataset_info
}

/** Every n-th dataset is used. */
const EACH = howMany(3, 1)

t.test('files, format, subset and separator equal those of the datasets library', async t => {
  const wrong: unknown[] = []
  let compared = 0
  for (const [i, dataset] of cases.entries()) {
    if (i % EACH !== 0) continue
    for (const [question, answer] of dataset.asked.entries()) {
      if (answer.error !== undefined) {
        const ours = resolve(dataset, answer, 'train')
        const expected = answer.data_files === null && (dataset.card?.includes('configs:') ?? answer.subset === null)
          ? MESSAGES[answer.error]
          : undefined
        if (expected !== undefined && !('error' in ours && expected.test(ours.error))) {
          wrong.push([`dataset ${i}, question ${question}`, ours])
        }
        continue
      }
      const theirs = answer as Found
      for (const [split, paths] of Object.entries(theirs.splits)) {
        const ours = resolve(dataset, answer, split)
        const expected = [...new Set(paths)]
        const name = `dataset ${i}, question ${question}, ${split}`
        if (expected.length === 0 || ('error' in ours && NOT_READ.test(ours.error))) {
          // Files that `datasets` would inspect further, or fail on.
          if (!('error' in ours && NOT_READ.test(ours.error))) wrong.push([name, ours])
          continue
        }
        if ('error' in ours) {
          wrong.push([name, ours])
          continue
        }
        if (!isDeepStrictEqual(ours.paths, expected)) wrong.push([name, ours, expected])
        // `datasets` uses the format of the first subset for all of them.
        if (kindOf(Object.values(theirs.splits).flat()).name === theirs.format) {
          if (ours.format !== theirs.format) wrong.push([name, ours, theirs.format])
          if (ours.format === 'csv' && ours.sep !== theirs.sep) wrong.push([name, ours, theirs.sep])
        }
        if (ours.subset !== null && ours.subset !== theirs.config) wrong.push([name, ours, theirs.config])
        compared++
      }
    }
  }
  t.strictSame(wrong, [])
  t.ok(compared > howMany(280, 850), `${compared} splits were compared`)
})
