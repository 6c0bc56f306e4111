import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lib/package.ts'
import { readNpy } from '../../lib/shards/npy.ts'
import { listShards } from '../../lib/shards/names.ts'
import { exportShards } from '../../recipes/export/export.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import type { Checks } from './checks.ts'

const FORMATS = ['megatron', 'olmo', 'ds', 'llmc', 'mds', 'parquet'] as const

/** The module that reads a format. */
const MODULES: Readonly<Record<typeof FORMATS[number], string>> = {
  megatron: 'megatron', olmo: 'olmo_core', ds: 'datatrove', llmc: 'numpy', mds: 'streaming', parquet: 'pyarrow'
}

/** Python with the readers; `SLUICE_FORMATS_PATH` names a folder where pip has installed them. */
const PYTHON = process.env.SLUICE_FORMATS_PYTHON ?? '/usr/bin/python3'

function python (...args: readonly string[]): string {
  const places = [process.env.SLUICE_FORMATS_PATH, join(packageRoot(), 'test/checks/formats'), process.env.PYTHONPATH]
  return execFileSync(PYTHON, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    env: { ...process.env, PYTHONPATH: places.filter(place => place !== undefined).join(':') },
    stdio: ['ignore', 'pipe', 'pipe']
  })
}

function hasModule (name: string): boolean {
  try {
    python('-c', `import importlib.util, numpy, sys; sys.exit(importlib.util.find_spec("${name}") is None)`)
    return true
  } catch {
    return false
  }
}

/** Shards of every format, read by the reader of a trainer: the same ids, token by token. */
export async function judgeFormats (checks: Checks, files: readonly string[], model: string, folder: string) {
  const seqLen = 128
  const run = { dataFiles: [...files], tokenizerPath: model, seqLen, limit: 300, maxLineBytes: 100_000_000 }
  const npy = join(folder, 'formats-npy')
  await shardCorpus({ ...run, outputDir: npy, stats: `${npy}.json`, overwrite: true })
  const ids = (await listShards(npy)).flatMap(name => [...readNpy(readFileSync(join(npy, name))).data])
  for (const format of FORMATS) {
    const name = `${format}: ids read by ${MODULES[format]}`
    if (!hasModule(MODULES[format])) {
      checks.skip(name, `the Python module ${MODULES[format]} is not installed`)
      continue
    }
    const output = join(folder, `formats-${format}`)
    const { stats: [exported] } = await exportShards(`${npy}.json`, { format, output, overwrite: true })
    const { dtype, shard_files: shards } = exported!
    const script = join(packageRoot(), 'test/checks/formats/read_formats.py')
    const found = JSON.parse(python(script, format, output, dtype, String(seqLen))) as number[][]
    checks.checkSame(`${name} equal those of npy (${ids.length})`, found.flat(), ids)
    const documents = shards.reduce((sum, { ended, sequences }) => sum + (ended ?? sequences), 0)
    if (format !== 'llmc') checks.check(`${name}: ${documents} documents or rows`, found.length === documents)
  }
}
