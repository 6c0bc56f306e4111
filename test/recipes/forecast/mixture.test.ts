/** Forecasts of training sets. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Estimate } from '../../../lib/sampling/estimate.ts'
import { checkManifest, forecastText } from '../../../recipes/check.ts'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { run } from '../../../recipes/run.ts'
import { docs, failure, fixture, folderInMemory, ndjsonOf, pattern, put } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { corporaIn } from '../export/corpora.ts'

/** The bytes of all shards in a folder, with their documents. */
function bytesIn (folder: string): number {
  const names = readdirSync(folder).filter(name => name.startsWith('shard_'))
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

t.test('the forecast of a training set agrees with the one that is made', async t => {
  const { folder, write } = await corporaIn(folderInMemory(t), ['web', 'code'])
  for (const size of [{ tokens: 6000, sources: { web: 0.7, code: 0.3 } }, { epochs: 2 }]) {
    const manifest = write({ ...size, validation: { share: 0.25 }, shuffle: 'documents' })
    const { mixture, output_bytes: all } = await checkManifest(manifest)
    const { tokens, validation_tokens: held, output_bytes: written, shuffle_bytes: shuffling, warnings } = mixture!
    t.strictSame(warnings, [])
    const { stats: [train, validation] } = await mix(manifest)
    const sides = ['train', 'validation'].map(side => bytesIn(join(folder, 'mixture', side)))
    const near = ({ guess }: Estimate, truth: number, part: number): void => {
      t.ok(Math.abs(guess / truth - 1) < part, `${guess} is about ${truth}`)
    }
    near(tokens, train!.tokens, 0.1)
    near(held, validation!.tokens, 0.3) // few documents
    near(written, sides[0]! + sides[1]!, 0.15)
    t.equal(shuffling.guess, tokens.guess * 4)
    t.ok(all.guess > written.guess + shuffling.guess)
  }
})

t.test('what a training set can\'t be made of is found before anything is made', async t => {
  const folder = folderInMemory(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(docs(20)))
  const write = (mixture: object): string => put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    tokenizer: { path: fixture('tiny.model') },
    datasets: [{ name: 'a', dataset: 'json', data_files: data, seq_len: 16, output_dir: join(folder, 'shards') }],
    mixture: { epochs: 1, output_dir: join(folder, 'mixture'), ...mixture }
  }))
  const warnings = async (mixture: object): Promise<readonly string[]> =>
    (await checkManifest(write(mixture))).mixture!.warnings
  const noPad = pattern(/^mixture\.pad_id: it is missing, .*, and the tokenizer has no padding token that is not its /,
    /EOS token; set it to an id that no text is encoded to$/)
  t.match(await warnings({ packing: 'best_fit' }), [noPad])
  t.strictSame(await warnings({ packing: 'best_fit', pad_id: 0 }), [])
  t.match(await warnings({ packing: 'best_fit', pad_id: 5000 }), [/^mixture\.pad_id: 5000 is not in the vocabulary/])
  const capped = { tokens: '1M', epochs: undefined, sources: { a: { share: 1, max_epochs: 2 } } }
  t.match(await warnings(capped), [
    /^by this estimate, mixture\.tokens: 1000000 are more than the sources give in their epochs, at most \d{3} \(a: /
  ])
  t.match(await warnings({ validation: { share: 0.01 } }), [/^a: of its about 20 documents, none may be on the val/])
  t.match(forecastText(await checkManifest(write({ packing: 'best_fit', validation: { share: 0.5 } }))), pattern(
    /\ntraining set \(mixture\)\n {2}tokens +\d+\n {2}validation tokens +\d+\n/,
    / {2}on disk +[\d,]+B\n {2}while it is shuffled +[\d,]+B\n {2}note: mixture\.pad_id: /
  ))

  const manifest = write({ packing: 'best_fit' })
  const options = { runsDir: join(folder, 'runs'), inventory: join(folder, 'page.md'), workers: 1 }
  for (const dryRun of [true, false]) {
    t.match(await failure(run(manifest, { ...options, dryRun })), { code: 'ERR_OPTION', message: noPad })
  }
  t.notOk(existsSync(join(folder, 'shards')), 'no shard is made')
})
