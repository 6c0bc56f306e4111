import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { sha256 } from '../../lib/hash.ts'
import { type Coverage, measureCoverage } from '../../lib/tokenizer/coverage.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { type CoverageReport, CoverageError, checkCoverage, coverageText } from '../../recipes/check-coverage.ts'
import { command, commandProcess } from '../commands.ts'
import { answers, docs, failure, filesIn, fixture, isThorough, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { type Test, t } from '../tap.ts'

const MODEL = fixture('tiny.model')
const tiny = await loadTokenizer(MODEL)
const TEXTS = answers().records.flatMap(({ text }) => text ?? [])
const SAMPLE = ndjsonOf(answers().records)

/** The coverage part of a report. */
function figuresOf ({
  format,
  sample,
  tokenizer,
  components,
  baseline,
  warnings,
  ...coverage
}: CoverageReport): Coverage {
  return coverage
}

/** A folder with the sample, and a baseline with changed figures. */
async function withBaseline (
  t: Test,
  change: (report: CoverageReport) => object
): Promise<{ folder: string, sample: string, baseline: string, report: CoverageReport }> {
  const folder = temporaryFolder(t)
  const sample = put(folder, 'a.ndjson', SAMPLE)
  const report = await checkCoverage(sample, { tokenizerPath: MODEL })
  return {
    folder, sample, report, baseline: put(folder, 'baseline.json', JSON.stringify({ ...report, ...change(report) }))
  }
}

t.test('a sample in any input format has the figures of measureCoverage', async t => {
  const folder = temporaryFolder(t)
  const lines = TEXTS.flatMap(text => text.split(/\r?\n/))
  const expected = await measureCoverage(TEXTS, tiny)
  for (const [name, content] of Object.entries({
    'a.ndjson': SAMPLE, 'a.ndjson.gz': gzipSync(SAMPLE), 'a.jsonl': SAMPLE, 'a.json': JSON.stringify(answers().records)
  })) {
    const report = await checkCoverage(put(folder, name, content), { tokenizerPath: MODEL, maxBad: 10 })
    t.strictSame(figuresOf(report), expected, name)
    t.strictSame(report, {
      format: 1,
      sample: {
        from: join(folder, name),
        is: 'files',
        limit: null,
        sha256: sha256(Buffer.concat(TEXTS.flatMap(text => [Buffer.from(text), Buffer.of(0xff)])))
      },
      tokenizer: { path: MODEL, sha256: tiny.sha256, vocab_size: 85 },
      ...expected,
      components: [],
      baseline: null,
      warnings: []
    })
  }
  const ofLines = await measureCoverage(lines, tiny)
  t.strictSame(figuresOf(await checkCoverage(
    put(folder, 'a.txt.gz', gzipSync(lines.join('\n') + '\n')), { tokenizerPath: MODEL }
  )), ofLines)
  t.strictSame(figuresOf(await checkCoverage(put(folder, 'lines', lines.join('\n') + '\n'), {
    tokenizerPath: MODEL, dataset: 'text'
  })), ofLines)
  t.match(await checkCoverage(put(folder, 'a.tsv', 'n\tbody\n1\tThe gate\n2\tis open\n'), {
    tokenizerPath: MODEL, textColumn: 'body'
  }), { documents: 2, words: 4 })
  t.match(await checkCoverage(put(folder, 'a.csv', 'text;n\nThe gate;1\n'), {
    tokenizerPath: MODEL, ...{ delimiter: ';' }
  }), { documents: 1, words: 2 })
  t.match(
    await checkCoverage(fixture('parquet/required.parquet'), { tokenizerPath: MODEL, limit: 1 }),
    { documents: 1, sample: { limit: 1 } }
  )
  t.match(await checkCoverage(join(folder, '*.ndjson*'), { tokenizerPath: MODEL }), {
    documents: 2 * expected.documents, words: 2 * expected.words
  })
})

const MANIFEST = (folder: string, more = ''): string => `
tokenizer_output_dir: ${folder}
tokenizer: { vocab_size: 85${more} }
datasets:
  - name: long
    dataset: json
    data_files: '${folder}/*.ndjson'
    filters: [normalize, { length: { min_chars: 20 } }]
    output_dir: '${folder}/long'
  - { name: short, dataset: json, data_files: '${folder}/a.ndjson', max_records: 5, output_dir: '${folder}/short' }
  - name: none
    dataset: json
    data_files: '${folder}/a.ndjson'
    filters: [{ length: { min_chars: 9999 } }]
    output_dir: '${folder}/none'
`

t.test('a manifest: the documents that pass the filters, per component and in total, with its tokenizer', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', SAMPLE)
  put(folder, 'spm_85_unigram.model', readFileSync(MODEL))
  const manifest = put(folder, 'mix.yaml', MANIFEST(folder))
  const before = filesIn(folder)
  const report = await checkCoverage(undefined, { manifest })
  t.strictSame(filesIn(folder), before, 'nothing is written')
  const normal = TEXTS.map(text => text.trim().replace(/\s+/g, ' ')).filter(text => [...text].length >= 20)
  t.strictSame(report.components, [
    { name: 'long', ...await measureCoverage(normal, tiny) },
    { name: 'short', ...await measureCoverage(TEXTS.slice(0, 5), tiny) }
  ])
  t.strictSame(figuresOf(report), await measureCoverage([...normal, ...TEXTS.slice(0, 5)], tiny))
  t.strictSame(report.warnings, ['none: no word in 0 documents; it is left out'])
  t.match(report, {
    sample: { from: manifest, is: 'manifest' }, tokenizer: { path: join(folder, 'spm_85_unigram.model') }
  })
  t.match(
    coverageText(report),
    /^tokenizer {2}.*, 85 pieces\n\n +documents +words .*\nlong .*\nshort .*\n\(all\) .*\nwarning: none: no word/
  )

  t.strictSame(
    (await checkCoverage(undefined, { manifest, limit: 2 })).components.map(({ documents }) => documents), [2, 2]
  )
  t.strictSame(
    (await checkCoverage(undefined, { manifest, limit: 7 })).components.map(({ documents }) => documents),
    [Math.min(7, normal.length), 5]
  )
})

t.test('another tokenizer than the manifest\'s needs no hash; the manifest\'s must have the stated hash', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', SAMPLE)
  put(folder, 'spm_85_unigram.model', readFileSync(MODEL))
  const manifest = put(folder, 'mix.yaml', MANIFEST(folder, `, sha256: ${'ab'.repeat(32)}`))
  t.match(await failure(checkCoverage(undefined, { manifest })), { code: 'ERR_CHECKSUM' })
  t.match(
    await checkCoverage(undefined, { manifest, tokenizerPath: fixture('bpe.model') }),
    { tokenizer: { path: fixture('bpe.model') } }
  )
})

t.test('baseline: equal figures pass, and those at the tolerance; the output has the result', async t => {
  const { folder, sample, baseline, report } = await withBaseline(t, figures => ({
    tokens_per_word: figures.tokens_per_word - 0.05,
    single_token_share: figures.single_token_share + 0.02,
    two_or_fewer_share: Math.min(1, figures.two_or_fewer_share + 0.02)
  }))
  const output = join(folder, 'deep/now.json')
  const manifest = put(folder, 'mix.yaml', `- { name: only, dataset: json, data_files: '${sample}' }`)
  t.match(
    coverageText(await checkCoverage(undefined, { manifest, tokenizerPath: MODEL, baseline })),
    /\nonly .*\n\nbaseline /, 'a manifest with the same text'
  )
  const compared = await checkCoverage(sample, { tokenizerPath: MODEL, baseline, output })
  t.strictSame(JSON.parse(readFileSync(output, 'utf8')), compared)
  t.match(compared, {
    baseline: { path: baseline, tokenizer_sha256: tiny.sha256, passed: true }, warnings: { length: 0 }
  })
  t.strictSame(figuresOf(compared), figuresOf(report))
  const again = await checkCoverage(sample, { tokenizerPath: MODEL, baseline: output })
  t.strictSame(
    again.baseline!.differences.map(({ difference }) => difference), [0, 0, 0], 'the output can be used as a baseline'
  )
})

t.test('baseline: worse figures fail, each with both numbers, and the output is written', async t => {
  const { folder, sample, baseline } = await withBaseline(t, ({ tokens_per_word: n, single_token_share: one }) => ({
    tokens_per_word: n - 0.0501, single_token_share: one + 0.0201
  }))
  const output = join(folder, 'now.json')
  const error = await failure(checkCoverage(sample, { tokenizerPath: MODEL, baseline, output }))
  t.ok(error instanceof CoverageError)
  const { report, message } = error as CoverageError
  t.match(error, { code: 'ERR_COVERAGE', exitCode: 1, isResult: true, partial: report })
  t.strictSame(report.baseline!.differences.map(({ passed }) => passed), [false, false, true])
  const [first, ...lines] = message.split('\n')
  t.equal(first, `${MODEL}: covers ${sample} worse than ${baseline} allows`)
  t.match(lines, { length: 2 })
  t.match(lines[0], new RegExp(`^tokens a word: ${Number(report.tokens_per_word.toFixed(6))}, the baseline has .*: ` +
    '\\+0\\.0501 \\(at most \\+0\\.05\\), worse than allowed$'))
  t.match(lines[1], /^one token: .*, the baseline has .*: -0\.0201 \(at least -0\.02\), worse than allowed$/)
  t.strictSame(JSON.parse(readFileSync(output, 'utf8')), report)
  t.match(
    coverageText(report),
    /\n\nbaseline {2}.*baseline\.json\ntokens a word: .*\none token: .*\ntwo or fewer: .* \(at least -0\.02\)$/
  )
  t.match(await checkCoverage(sample, {
    tokenizerPath: MODEL, baseline, maxTokensPerWordIncrease: 0.1, maxSingleTokenDecrease: 0.1
  }), { baseline: { passed: true } })
  t.match(
    await failure(checkCoverage(sample, { tokenizerPath: MODEL, baseline, maxTokensPerWordIncrease: 0.1 })),
    { report: { baseline: { differences: [{ passed: true }, { passed: false }, { passed: true }] } } }
  )
})

t.test('the baseline of another sample is used with a warning', async t => {
  const { sample, baseline, report } = await withBaseline(t, () => ({}))
  t.match(await checkCoverage(sample, {
    tokenizerPath: MODEL,
    baseline,
    limit: 5,
    maxTokensPerWordIncrease: 9,
    maxSingleTokenDecrease: 1,
    maxTwoOrFewerDecrease: 1
  }), {
    warnings: [new RegExp('^the text is not the baseline\'s: 5 documents with \\d+ words, ' +
      `the baseline has ${report.documents} with ${report.words}; differences may come from that$`)]
  })
})

t.test('invalid input is refused', async t => {
  const folder = temporaryFolder(t)
  const sample = put(folder, 'a.ndjson', SAMPLE)
  const manifest = put(folder, 'mix.yaml', `- { name: a, dataset: json, data_files: '${sample}' }`)
  const said = async (sample: string | undefined, options: Parameters<typeof checkCoverage>[1]): Promise<unknown> =>
    await failure(checkCoverage(sample, options))
  const tokenizerPath = MODEL
  t.match(await said(undefined, { tokenizerPath }), {
    code: 'ERR_OPTION', message: /expected either a sample file or a manifest/
  })
  t.match(await failure(checkCoverage(undefined)), { code: 'ERR_OPTION' })
  t.match(await said(sample, { tokenizerPath, manifest }), {
    code: 'ERR_OPTION', message: /expected either a sample file or a manifest/
  })
  t.match(await said(sample, {}), { code: 'ERR_OPTION', message: /tokenizerPath: it is missing/ })
  t.match(await said(undefined, { manifest }), {
    code: 'ERR_MANIFEST', message: /names no tokenizer; set tokenizer\.path, tokenizer_output_dir/
  })
  t.match(await said(undefined, { manifest, tokenizerPath, textColumn: 'body' }), {
    code: 'ERR_OPTION', message: /check-coverage\.textColumn: is for a sample file \(--text-column\)/
  })
  t.match(await said(sample, { tokenizerPath, output: join(folder, 'x.json.gz') }), {
    code: 'ERR_OPTION', message: /output: expected the name of a \.json file/
  })
  t.match(await said(sample, { tokenizerPath: sample }), { code: 'ERR_TOKENIZER' })
  t.match(await said(join(folder, 'none.txt'), { tokenizerPath }), {
    code: 'ERR_FILES', message: /none\.txt: no such file/
  })
  t.match(await said(put(folder, 'empty.txt', '\n \n'), { tokenizerPath }), {
    code: 'ERR_COVERAGE', message: /empty\.txt: no word in 2 documents, expected at least one/
  })
  t.match(await said(put(folder, 'empty.ndjson', ''), { tokenizerPath }), {
    code: 'ERR_COVERAGE', message: /empty\.ndjson: no word in 0 documents/
  })
  t.match(await said(sample, { tokenizerPath, baseline: join(folder, 'none.json') }), { code: 'ERR_BASELINE' })
  const json = put(folder, 'in.json', SAMPLE)
  t.match(await said(json, { tokenizerPath, output: json }), {
    code: 'ERR_OUTPUT_EXISTS', message: /in\.json: is an input as well/
  })
  const baseline = put(folder, 'baseline.json', JSON.stringify(await checkCoverage(sample, { tokenizerPath })))
  t.match(await said(sample, { tokenizerPath, baseline, output: baseline }), { code: 'ERR_OUTPUT_EXISTS' })
  const list = put(folder, 'mix.json', readFileSync(manifest))
  t.match(await said(undefined, { manifest: list, tokenizerPath, output: list }), { code: 'ERR_OUTPUT_EXISTS' })
  t.match(await said(sample, { tokenizerPath, output: join(sample, 'out.json') }), { code: 'ERR_OUTPUT' })
  t.match(
    await said(put(folder, 'bad.ndjson', 'no json\n'), { tokenizerPath, output: join(folder, 'out.json') }),
    { code: 'ERR_BAD_RECORDS' }
  )
  t.notOk(filesIn(folder).some(name => name.startsWith('out')), 'no partial output')
})

t.test('a signal stops it, and no file is left', async t => {
  const folder = temporaryFolder(t)
  const sample = put(folder, 'a.ndjson', ndjsonOf(docs(20_000)))
  const stop = new AbortController()
  const seen: number[] = []
  const watch = ({ tokens }: { readonly tokens?: () => number }): (() => void) => {
    setImmediate(() => { stop.abort() })
    return () => { seen.push(tokens!()) }
  }
  t.match(await failure(checkCoverage(
    sample, { tokenizerPath: MODEL, output: join(folder, 'out.json') }, { signal: stop.signal, watch }
  )), { code: 'ERR_ABORTED', exitCode: 130 })
  t.strictSame(filesIn(folder), ['a.ndjson'])
  t.match(seen, { length: 1 })
})

t.test('the command prints JSON on standard output, and a table on standard error', async t => {
  const own = isThorough() ? commandProcess() : null
  const run = own?.run ?? command
  const { folder, sample, report } = await withBaseline(t, () => ({}))
  const args = ['check-coverage', sample, '--tokenizer-path', MODEL]
  const plain = await run(args)
  t.equal(plain.code, 0)
  t.strictSame(JSON.parse(plain.stdout), report)
  t.equal(plain.stderr, coverageText(report) + '\n')
  t.match(await run([...args, '--quiet']), { code: 0, stdout: plain.stdout, stderr: '' })
  t.match(await run([...args, '--json']), { code: 0, stdout: plain.stdout, stderr: '' })
  t.match(
    JSON.parse((await run(['check-coverage', '-', '--tokenizer-path', MODEL], { input: SAMPLE })).stdout),
    { documents: report.documents, words: report.words }
  )

  const worse = put(folder, 'worse.json', JSON.stringify({ ...report, tokens_per_word: 1 }))
  const failed = await run([...args, '--baseline', worse, '--output', join(folder, 'now.json')])
  t.equal(failed.code, 1)
  t.equal(failed.stdout, readFileSync(join(folder, 'now.json'), 'utf8'))
  t.match(failed.stderr, /^tokenizer {2}.*\nsluice: .*: covers .* worse than .*worse\.json allows\n/s)
  t.match(failed.stderr, /\ntokens a word: .*, the baseline has 1: .* \[ERR_COVERAGE\]\n$/s)
  t.match(await run([...args, '--baseline', worse, '--max-tokens-per-word-increase', '5']), { code: 0 })
  t.match(await run([...args, '--baseline', worse, '--max-tokens-per-word-increase', '-1']), {
    code: 2, stdout: '', stderr: /--max-tokens-per-word-increase: expected at least 0, got -1/
  })
  t.match(await run(['check-coverage']), {
    code: 2, stdout: '', stderr: /expected either a sample file or a manifest \(--manifest\) \[ERR_OPTION\]/
  })
  if (own !== null) t.match(await own.end(), { code: 0 })
})
