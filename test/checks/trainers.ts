/**
 * Configurations of trainers: the rules of nested_learning's loader, written anew in Python with NumPy and PyYAML, read
 * shards by an exported configuration; Python parses the one of torchtitan.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../lib/package.ts'
import { exportConfig } from '../../recipes/export/config.ts'
import { mix } from '../../recipes/mixture/mix/mix.ts'
import { verify } from '../../recipes/verify.ts'
import { SEQ_LEN, corporaIn } from '../recipes/export/corpora.ts'
import type { Checks } from './checks.ts'

const TOKENS = 64_000

interface Shards {
  readonly name: string
  readonly rows: number
  readonly columns: readonly number[]
  readonly dimensions: readonly number[]
  readonly dtypes: readonly string[]
}

interface Loaded {
  readonly sources: ReadonlyArray<Shards & { readonly weight: number, readonly drawn: number }>
  readonly segments: readonly Shards[]
}

function python (...args: string[]): string {
  return execFileSync('/usr/bin/python3', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

export async function judgeTrainers (checks: Checks, parent: string): Promise<void> {
  try {
    python('-c', 'import numpy, yaml')
  } catch {
    checks.skip('configurations of trainers', 'python3-numpy and python3-yaml are not installed')
    return
  }
  const folder = join(parent, 'trainers')
  const shares = { web: 0.5, books: 0.3, code: 0.2 }
  const { write, verify: verifyComponents, stats } = await corporaIn(folder, Object.keys(shares))
  await verifyComponents()
  const manifest = write({ tokens: TOKENS, sources: shares, validation: { share: 0.1 } })
  const load = async (): Promise<Loaded> => {
    const [output, segments] = [join(folder, 'data.yaml'), join(folder, 'segments.yaml')]
    await exportConfig(manifest, { for: 'nested-learning', output, segments })
    const program = join(packageRoot(), 'test/checks/nested_learning.py')
    return JSON.parse(python(program, output, segments)) as Loaded
  }
  const components = await load()
  const rows = stats().map(({ name, sequences }) => [name, sequences])
  checks.checkSame('nested_learning reads all rows of all components', rowsOf(components.sources), rows)
  checks.checkSame('its segments are the components', rowsOf(components.segments), rows)
  checks.check('shards have rows of the same length, int32', areRows(components))
  const drawn = components.sources.reduce((sum, { drawn }) => sum + drawn, 0)
  checks.check(`nested_learning draws ${drawn} tokens an epoch, as many as requested`, drawn === TOKENS)
  for (const { name, drawn: tokens } of components.sources) {
    const share = shares[name as keyof typeof shares]
    const deviation = Math.sqrt(share * (1 - share) / (TOKENS / SEQ_LEN))
    checks.check(`nested_learning draws ${(100 * tokens / drawn).toFixed(1)} % of the tokens from ${name}, expected ` +
      `${100 * share} %`, Math.abs(tokens / drawn - share) < 4 * deviation)
  }

  const { stats: [train] } = await mix(manifest)
  await verify(join(folder, 'mixture', 'stats.json'), { inventory: join(folder, 'mixture.md') })
  const mixed = await load()
  checks.checkSame('nested_learning reads a mixture as one source, without the validation side',
    mixed.sources.map(({ name, rows, weight }) => [name, rows, weight]), [['train', train!.sequences, 1]])
  checks.check('the rows of a mixture have the same length, int32', areRows(mixed))

  const { config } = await exportConfig(manifest, { for: 'torchtitan' })
  const parse = 'import ast, sys; print(len(ast.parse(sys.argv[1]).body))'
  checks.check('the configuration of torchtitan is Python', Number(python('-c', parse, config)) > 8)
}

function rowsOf (shards: readonly Shards[]): unknown[] {
  return shards.map(({ name, rows }) => [name, rows])
}

function areRows ({ sources, segments }: Loaded): boolean {
  return [...sources, ...segments].every(({ columns, dimensions, dtypes }) =>
    String(columns) === String(SEQ_LEN) && String(dimensions) === '2' && String(dtypes) === 'int32')
}
