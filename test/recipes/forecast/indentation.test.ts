/** Warnings for documents whose lines a tokenizer doesn't preserve, such as code. */
import { join } from 'node:path'
import { type Test, t } from '../../tap.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { checkManifest } from '../../../recipes/check.ts'
import {
  isIndented, keepsLinesTrainedWith, keepsLinesWith, lostLinesWarning
} from '../../../recipes/forecast/indentation.ts'
import { tokenizerSchema } from '../../../recipes/manifest/schema.ts'
import { run } from '../../../recipes/run.ts'
import { trainTokenizer } from '../../../recipes/train-tokenizer.ts'
import { docs, fixture, folderInMemory, ndjsonOf, put, pattern } from '../../helpers.ts'

const CODE = 'def gate (level):\n    if level > 3:\n        return "open"\n    return "shut"\n'
const KEEPS_LINES = { normalization_rule_name: 'identity', remove_extra_whitespaces: false, byte_fallback: true }
const LOST = pattern(
  /20 of 20 documents have indented lines, as code does, and the tokenizer loses line breaks or indentation; train it /,
  /with normalization_rule_name: identity/
)

interface Component { readonly name: string, readonly filters?: readonly unknown[], readonly data_files?: string }

/** A manifest of components that read code by default. */
function manifestOf (
  t: Test,
  components: readonly Component[],
  tokenizer: Record<string, unknown> = {}
): { folder: string, path: string } {
  const folder = folderInMemory(t)
  const code = put(folder, 'code.ndjson', ndjsonOf(docs(40, CODE)))
  const datasets = components.map(component => (
    { dataset: 'json', data_files: code, seq_len: 16, output_dir: join(folder, 'shards', component.name), ...component }
  ))
  return {
    folder,
    path: put(folder, 'mix.yaml', JSON.stringify({
      tokenizer_output_dir: join(folder, 'tokenizer'), tokenizer, datasets
    }))
  }
}

t.test('code has indented lines, prose with a heading has none', async t => {
  for (const text of [CODE, 'a:\n\tb\n', 'if:\r\n  x\r\n']) t.ok(isIndented(text), text)
  for (const text of ['', '    ', '  one line', 'one\ntwo\n three\n', '      Title\n' + 'a line\n'.repeat(20)]) {
    t.notOk(isIndented(text), text)
  }
})

t.test('the tokenizer is tested with the documents themselves', async t => {
  const keeps = async (path: string): Promise<boolean> => keepsLinesWith(await loadTokenizer(path))(CODE)
  t.notOk(await keeps(fixture('tiny.model')))
  t.notOk(await keeps(fixture('bpe.model')))
  const { folder, path } = manifestOf(t, [{ name: 'code' }], { vocab_size: 294, ...KEEPS_LINES })
  await trainTokenizer({ manifest: path, workers: 1 })
  t.ok(await keeps(join(folder, 'tokenizer', 'spm_294_unigram.model')))
})

t.test('tokenizer settings that preserve lines, and those that don\'t', async t => {
  const keeps = (settings: Record<string, unknown>): boolean =>
    keepsLinesTrainedWith(tokenizerSchema.parse(settings))(CODE)
  const safe = { normalizationRuleName: 'identity', removeExtraWhitespaces: false, byteFallback: true }
  for (const settings of [
    safe,
    { ...safe, normalizationRuleName: 'nfkc' },
    { ...safe, byteFallback: false, userDefinedSymbols: ['\n'] }
  ]) {
    t.ok(keeps(settings))
  }
  for (const settings of [
    {}, { ...safe, normalizationRuleName: 'nmt_nfkc' }, { ...safe, removeExtraWhitespaces: true },
    { ...safe, byteFallback: false }
  ]) {
    t.notOk(keeps(settings))
  }
})

t.test('a few indented documents among others give no warning', async t => {
  const prose = Array.from({ length: 20 }, () => 'a line\nand another\n')
  t.equal(lostLinesWarning([CODE, ...prose], () => false), undefined)
  t.equal(lostLinesWarning([], () => false), undefined)
  t.match(lostLinesWarning([CODE, CODE, CODE, ...prose], () => false), /^3 of 23 documents have indented lines/)
  t.equal(lostLinesWarning([CODE], () => true), undefined)
})

t.test('check warns, with a trained tokenizer and with one to be trained', async t => {
  const { path } = manifestOf(t, [{ name: 'code' }, { name: 'joined', filters: ['normalize'] }])
  const warnings = async (manifest: string, options = {}): Promise<unknown> =>
    (await checkManifest(manifest, { documents: 20, ...options })).components.map(({
      warnings
    }) => warnings)
  t.match(await warnings(path), [[LOST], []])
  t.match(await warnings(path, { tokenizerPath: fixture('tiny.model') }), [[LOST], []])
  t.strictSame(await warnings(manifestOf(t, [{ name: 'code' }], KEEPS_LINES).path), [[]])
})

t.test('run warns before it trains, or before it encodes outdated components', async t => {
  const { folder, path } = manifestOf(
    t, [{ name: 'code' }, { name: 'joined', filters: ['normalize'] }], { vocab_size: 40 }
  )
  const warnings = async (manifest: string, options = {}): Promise<string[]> => {
    const told: string[] = []
    await run(manifest, {
      runsDir: join(folder, 'runs'),
      logFile: join(folder, 'stats.json'),
      inventory: join(folder, 'inventory.md'),
      workers: 1,
      ...options
    }, { tell: message => { told.push(message) } })
    return told.filter(message => message.includes('indented'))
  }
  t.match(await warnings(path), [/^warning: code: 20 of 20 documents have indented lines/])
  t.strictSame(await warnings(path), [], 'everything is up to date')
  const other = manifestOf(t, [{ name: 'code' }])
  t.match(await warnings(
    other.path, { tokenizerPath: fixture('tiny.model'), logFile: join(other.folder, 'stats.json') }
  ), [LOST])
})
