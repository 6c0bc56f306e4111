import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { parse } from 'yaml'
import { readCard } from '../../lib/hub/card.ts'
import { resolveDataFiles } from '../../lib/hub/data-files.ts'
import { readManifest } from '../../recipes/manifest/read.ts'
import { termsOf } from '../../lib/licenses/terms.ts'
import { knownStages } from '../../recipes/stages.ts'
import { ROOT, howMany } from '../helpers.ts'
import { recordedListings } from '../hub-listings.ts'

const NAMES = readdirSync(join(ROOT, 'examples')).filter(name => /^(hub_.*|tinystories)\.yaml$/.test(name)).sort()

/** The number of numbered files to check. */
const MOST = howMany(100, Infinity)

/** The number of files of each dataset that the manifests select. */
const FILES: Readonly<Record<string, number>> = {
  'HuggingFaceFW/fineweb': 15,
  'allenai/c4': howMany(MOST, 1024),
  'bigcode/starcoderdata': 59,
  'cerebras/SlimPajama-627B': howMany(10 * MOST, 59_166),
  'codeparrot/codeparrot-clean': 54,
  'roneneldan/TinyStories': 4,
  'togethercomputer/RedPajama-Data-1T-Sample': 11,
  'wikimedia/wikipedia': 41
}

interface Content {
  readonly datasets: ReadonlyArray<{
    readonly name: string
    readonly dataset: string
    readonly license?: string
    readonly output_dir: string
  }>
}
const contentOf = (name: string): Content =>
  parse(readFileSync(join(ROOT, 'examples', name), 'utf8'), { merge: true }) as Content

t.test('the manifests for mixtures of Hub datasets are found', async t => {
  t.strictSame(
    NAMES, ['hub_filtered.yaml', 'hub_full.yaml', 'hub_pilot.yaml', 'hub_tokenizer.yaml', 'tinystories.yaml']
  )
  t.strictSame([...new Set(NAMES.flatMap(name => contentOf(name).datasets.map(({ dataset }) => dataset)))].sort(), [
    'HuggingFaceFW/fineweb',
    'allenai/c4',
    'bigcode/starcoderdata',
    'cerebras/SlimPajama-627B',
    'codeparrot/codeparrot-clean',
    'roneneldan/TinyStories',
    'togethercomputer/RedPajama-Data-1T-Sample',
    'wikimedia/wikipedia'
  ])
  const folders = NAMES.flatMap(name => contentOf(name).datasets.map(component => component.output_dir))
  t.equal(new Set(folders).size, folders.length, 'output folders are distinct')
})

t.test('examples/README.md lists each dataset with its licence', async t => {
  const page = readFileSync(join(ROOT, 'examples/README.md'), 'utf8')
  for (const name of NAMES) {
    t.match(page, `\`${name}\``)
    for (const { dataset, license } of contentOf(name).datasets) {
      const row = page.split('\n').find(line => line.startsWith('|') && line.includes(`\`${dataset}\``)) ?? ''
      const { redistributable } = termsOf(license ?? '')
      t.match(row, redistributable === 'yes' ? '| yes' : '| **unknown**', `${name}: ${dataset}`)
    }
  }
})

const listings = recordedListings(MOST)

for (const name of NAMES) {
  t.test(`${name} is valid, and each of its components has files in the recorded listings`, async t => {
    const { datasets } = await readManifest(join(ROOT, 'examples', name), knownStages)
    t.equal(datasets.length, contentOf(name).datasets.length)
    for (const { dataset, subset, split, dataFiles } of datasets) {
      const { card, files, converted } = listings.get(dataset)!
      const found = resolveDataFiles(files, readCard(card), {
        dataset, subset, split, dataFiles: dataFiles.length === 0 ? null : dataFiles, converted
      })
      t.match(found, { split: 'train', warnings: [], files: { length: FILES[dataset]! } }, dataset)
    }
  })
}
