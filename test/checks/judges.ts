/**
 * What sluice writes, compared with the results of SentencePiece 0.1.97, NumPy and Python: `npm run judges`.
 *
 * The judges are Debian's python3-sentencepiece, python3-numpy and fasttext, and from PyPI huggingface_hub, datasets,
 * tiktoken, tokenizers and today's sentencepiece. Where they are missing, or are of another version, the checks are
 * skipped, and said to be. Text and models are those of `../shared/data` where that is, else the quickstart's.
 * `npm run judges -- --every 8` takes every eighth of the shared texts for the tokenizers of other programs.
 */
import { execFileSync } from 'node:child_process'
import {
  createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createGunzip } from 'node:zlib'
import { packageRoot } from '../../lib/package.ts'
import { Checks } from './checks.ts'
import { judgeDecoding } from './decode.ts'
import { judgeEncoding } from './encode.ts'
import { judgeFastText } from './fasttext.ts'
import { judgeFormats } from './formats.ts'
import { judgeHub } from './hub.ts'
import { judgeLoading } from './loading.ts'
import { judgeMixtures } from './mix.ts'
import { judgePages } from './pages.ts'
import { judgeRules } from './rules.ts'
import { judgeTokenizers } from './tokenizers.ts'
import { judgeTrainer } from './trainer.ts'
import { judgeTrainers } from './trainers.ts'

const { values } = parseArgs({ options: { every: { type: 'string', default: '1' } } })
const root = packageRoot()
const judges = join(root, 'test/checks')
const shared = join(root, '../shared/data')
const folder = mkdtempSync(join(tmpdir(), 'sluice-judges-'))

function python (...args: string[]): string {
  return execFileSync('/usr/bin/python3', args, {
    encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'pipe']
  })
}

function sluice (...args: string[]): string {
  return execFileSync(process.execPath, [join(root, 'dist/recipes/cli/main.js'), ...args], {
    encoding: 'utf8', maxBuffer: 2 ** 30, cwd: folder
  })
}

/** Packs by best fit, and lets NumPy rebuild all documents from the `.docs` files. */
function judgeBestFit (model: string, files: readonly string[]): void {
  const [output, stats] = [join(folder, 'best-fit'), join(folder, 'best-fit.json')]
  sluice(
    'shard-corpus', ...files, '--dataset', 'json', '--tokenizer-path', model, '--sentencepiece-version', '0.1.97',
    '--packing', 'best_fit', '--pad-id', '0', '--output-dir', output, '--stats', stats,
    '--overwrite', '--quiet', '--max-line-bytes', '100000000'
  )
  const { padding_tokens: padding = 0 } = JSON.parse(readFileSync(stats, 'utf8')) as { padding_tokens?: number }
  const judged = JSON.parse(python(join(judges, 'documents_of_shards.py'), model, output, ...files)) as {
    documents: number, equal: boolean, cut: number, padding: number
  }
  const isRight = judged.equal && judged.cut === 0 && judged.padding === padding
  checks.check(`best_fit: NumPy rebuilds all ${judged.documents} documents from .docs`, isRight)
}

/** A pipe of commands; its output. */
function shell (line: string): string {
  return execFileSync('bash', [
    '-c',
    `set -euo pipefail; sluice () { "${process.execPath}" "${root}/dist/recipes/cli/main.js" "$@" --quiet; }; ${line}`
  ], { encoding: 'utf8', maxBuffer: 2 ** 30, cwd: folder })
}

/** The records in the lines of NDJSON. */
function linesOf<T> (ndjson: string): T[] {
  return ndjson.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as T)
}

function textsOf (ndjson: string): string[] {
  return linesOf<{ text: string }>(ndjson).map(({ text }) => text)
}

/** Prints the type, the columns and the largest id of the shards that a glob matches. */
const MAPPED = `
import glob, json, numpy, sys
arrays = [numpy.load(name, mmap_mode="r") for name in sorted(glob.glob(sys.argv[1]))]
print(json.dumps([str(arrays[0].dtype), arrays[0].shape[1], int(max(array.max() for array in arrays))]))`

interface Judgement {
  readonly records: number
  readonly tokens: number
  readonly sequences: number
  readonly shards: number
  readonly dtype: string
  readonly equal: boolean
  readonly in_vocabulary: boolean
  readonly eos: number
  readonly expected_eos: number
}

/** Files and models for the checks: plain and compressed text, a large vocabulary and a small one. */
async function inputs (): Promise<{ files: string[], models: string[] }> {
  if (!existsSync(shared)) {
    sluice('quickstart', '--quiet')
    return {
      files: ['docs', 'code'].map(name => join(folder, `data/quickstart/raw/${name}.ndjson`)),
      models: [join(root, 'test/fixtures/quickstart.model')]
    }
  }
  const plain = join(folder, 'books.ndjson')
  await pipeline(createReadStream(join(shared, 'books.ndjson.gz')), createGunzip(), createWriteStream(plain))
  return {
    files: [join(shared, 'web.ndjson.gz'), plain, join(shared, 'langid.ndjson.gz')],
    models: ['32k', '8k'].map(size => join(shared, `spm/unigram${size}.model`))
  }
}

function missingJudges (): string | undefined {
  try {
    const version = python('-c', 'import sentencepiece, numpy; print(sentencepiece.__version__)').trim()
    return version === '0.1.97' ? undefined : `SentencePiece ${version} is installed, expected 0.1.97`
  } catch {
    return 'python3-sentencepiece and python3-numpy are not installed'
  }
}

const checks = new Checks()
const missing = missingJudges()
try {
  await judgeMixtures(checks, shared, folder)
  await judgeLoading(checks, folder)
  await judgeTrainers(checks, folder)
  await judgeFastText(checks, shared, folder)
  await judgeHub(checks, folder)
  await judgeTokenizers(checks, folder, Number(values.every))
  if (missing !== undefined) {
    for (const name of [
      'process-mixture', 'filter-corpus', 'the pipe', 'decoding', 'encoding', 'normalization rules', 'training',
      'the quickstart', 'Python in the pages'
    ]) {
      checks.skip(`${name} compared with its reference`, missing)
    }
  } else {
    const { files, models } = await inputs()
    for (const model of models) {
      const manifest = join(folder, 'mix.yaml')
      writeFileSync(manifest, JSON.stringify([{
        name: 'mix', dataset: 'json', data_files: files, sequences_per_shard: 500, output_dir: join(folder, 'shards')
      }]))
      sluice(
        'process-mixture', manifest, '--tokenizer-path', model, '--sentencepiece-version', '0.1.97',
        '--log-file', join(folder, 'stats.json'), '--runs-dir', join(folder, 'runs'),
        '--overwrite', '--quiet', '--max-line-bytes', '100000000'
      )
      const { stats: [stats] } = JSON.parse(readFileSync(join(folder, 'stats.json'), 'utf8')) as {
        stats: Array<Record<string, unknown>>
      }
      const judged = JSON.parse(python(
        join(judges, 'process_mixture.py'), model, '2048', join(folder, 'shards'), ...files
      )) as Judgement
      checks.check(`process-mixture, ${model.split('/').at(-1)}: arrays equal those of SentencePiece and NumPy ` +
        `(${judged.tokens} tokens)`, judged.equal && judged.dtype === 'int32' && judged.in_vocabulary)
      checks.check(
        'the stats have its records, sequences, tokens and shards',
        (['records', 'sequences', 'tokens', 'shards'] as const).every(key => stats![key] === judged[key])
      )
      checks.check('one end of sentence per document', judged.eos === judged.expected_eos)
      judgeBestFit(model, files)
      const inventory = join(folder, 'inventory.md')
      const { totals } = JSON.parse(sluice(
        'verify', join(folder, 'stats.json'), '--inventory', inventory, '--tokenizer-path', model, '--json'
      )) as { totals: Record<string, unknown> }
      checks.check(
        'verify finds the expected sequences and shards',
        totals.sequences === judged.sequences && totals.shards === judged.shards
      )
      const back = textsOf(sluice(
        'inspect', join(folder, 'shards'), '--tokenizer-path', model, '--documents', '--quiet'
      ))
      const texts = linesOf<string>(python(join(judges, 'documents.py'), model, join(folder, 'shards')))
      checks.checkSame(
        `inspect --documents: text equals SentencePiece's (${texts.length} documents)`, back, texts
      )
    }
    await judgeFormats(checks, files, models[0]!, folder)
    await judgeDecoding(checks, models, shared)
    await judgeEncoding(checks, files, shared, folder)
    await judgeRules(checks, files, folder)
    await judgeTrainer(checks, files, folder)
    const twice = [...files, files[0]!]
    for (const window of ['50000', '100']) {
      const kept = linesOf<string>(python(join(judges, 'filter_corpus.py'), '200', '8000', window, ...twice))
      const output = join(folder, 'kept.ndjson')
      sluice(
        'filter-corpus', '--data-files', ...twice, '--target-lang', 'any', '--min-chars', '200', '--max-chars', '8000',
        '--dedup-window', window, '--output-path', output, '--quiet'
      )
      const found = readFileSync(output, 'utf8')
      checks.checkSame(
        `filter-corpus, window ${window}: records equal those that Python keeps (${kept.length})`, textsOf(found), kept
      )
      const piped = shell([
        `sluice read ${twice.map(file => `'${file}'`).join(' ')}`,
        'sluice normalize',
        'sluice length --min-chars 200 --max-chars 8000',
        `sluice dedup --window ${window}`
      ].join(' | '))
      // Both were given the same paths, so the ids of their documents are the same.
      checks.check(`read | normalize | length | dedup, window ${window}: the same lines`, piped === found)
    }
    sluice('quickstart', '--quiet')
    for (const component of ['docs', 'code']) {
      const [dtype, columns, largest] = JSON.parse(
        python('-c', MAPPED, `${folder}/data/quickstart/shards/${component}/*.npy`)
      ) as [string, number, number]
      checks.check(
        `quickstart, ${component}: NumPy maps its shards`, dtype === 'int32' && columns === 2048 && largest < 8000
      )
    }
    await judgePages(checks, folder)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = checks.end()
