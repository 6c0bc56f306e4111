import { STANDARD_STREAM } from '../../lib/bytes.ts'
import type { OptionsSchema } from '../../lib/options.ts'
import type { ShardStatistics } from '../../lib/shards/statistics.ts'
import { checkCoverage, checkCoverageOptions, coverageText } from '../check-coverage.ts'
import { type TokenizerRecord, checkTokenizer, checkTokenizerOptions } from '../check-tokenizer.ts'
import { checkManifest, checkOptions, forecastText } from '../check.ts'
import type { ComponentStats } from '../components/component-stats.ts'
import { rejectsOption, withFileArguments } from '../components/corpus.ts'
import { componentTable } from '../components/table.ts'
import { trainingText } from '../components/training.ts'
import { type FilterCorpusStats, filterCorpus, filterCorpusOptions } from '../filter-corpus.ts'
import type { RunOptions } from '../flow/flow.ts'
import { type InspectReport, inspect, inspectOptions, inspectText, statisticsTable } from '../inspect.ts'
import { inventoryTable } from '../inventory/inventory.ts'
import { licenses, licensesOptions, licensesText } from '../licenses.ts'
import { MANIFEST_HELP } from '../mixture/read.ts'
import type { MixtureResult, MixtureStats } from '../mixture/stats.ts'
import { type StageReport, readOptions, readToPipe, transformPipe, writeFromPipe, writeOptions } from '../pipe.ts'
import { mixtureText, processMixture, processMixtureOptions } from '../process-mixture.ts'
import { nextSteps, quickstart, quickstartOptions } from '../quickstart.ts'
import { run, runOptions, runText } from '../run.ts'
import { runs, runsOptions, runsText } from '../runs.ts'
import { type PullStats, shardCorpus, shardCorpusOptions } from '../shard-corpus.ts'
import { filters, transforms } from '../stages.ts'
import { trainTokenizer, trainTokenizerOptions } from '../train-tokenizer.ts'
import { verify, verifyOptions } from '../verify.ts'

/** A command of `sluice`: its flags, and the summary in its help, come out of its options' schema. */
export interface Command {
  /** As in the help: `<manifest>`, `[files...]`. */
  readonly argument?: readonly [name: string, description: string]
  readonly options: OptionsSchema
  /** What the command does; its result is what `--json` prints. */
  readonly run: (args: readonly string[], options: Readonly<Record<string, unknown>>, run: RunOptions) => Promise<unknown>
  /** Whether standard output has the result as JSON without `--json`, too; `report` goes to standard error then. */
  readonly givesJson?: true
  /** The result for people, on standard output. */
  readonly report?: (result: never) => string
  /** Whether, with these options, standard output is the data's, so that the result goes to standard error. */
  readonly givesData?: (options: Readonly<Record<string, unknown>>) => boolean
  /** A line for people on standard error, where standard output is the data's. */
  readonly note?: (result: never) => string
}

/** The commands, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  quickstart: {
    options: quickstartOptions,
    run: (_args, _options, run) => quickstart(run),
    report: (stats: MixtureStats) => `${componentTable(stats.stats)}\n\n${nextSteps(stats)}`
  },
  check: {
    argument: ['<manifest>', MANIFEST_HELP],
    options: checkOptions,
    run: ([manifest], options, run) => checkManifest(manifest!, options, run),
    report: forecastText
  },
  licenses: {
    argument: ['<manifest>', MANIFEST_HELP],
    options: licensesOptions,
    run: ([manifest], options, run) => licenses(manifest!, options, run),
    report: licensesText
  },
  'process-mixture': {
    argument: ['<manifest>', MANIFEST_HELP],
    options: processMixtureOptions,
    run: ([manifest], options, run) => processMixture(manifest!, options, run),
    report: (result: MixtureResult) => mixtureText(result)
  },
  run: {
    argument: ['<manifest>', MANIFEST_HELP],
    options: runOptions,
    run: ([manifest], options, context) => run(manifest!, options, context),
    report: runText
  },
  'filter-corpus': {
    argument: ['[files...]', 'paths or globs, plain, .gz or .zst, in place of --data-files; - for standard input'],
    options: filterCorpusOptions,
    givesData: ({ outputPath }) => outputPath === STANDARD_STREAM,
    run: (files, options, run) => filterCorpus(withFileArguments(files, options), run),
    report: (stats: FilterCorpusStats) => `${componentTable([stats])}\n\nWritten to ${stats.output_path}`
  },
  'shard-corpus': {
    argument: ['[files...]', 'paths or globs, plain, .gz or .zst, in place of --data-files; - for standard input'],
    options: shardCorpusOptions,
    givesData: ({ output }) => output === STANDARD_STREAM,
    run: (files, options, run) => shardCorpus(withFileArguments(files, options), run),
    report: (stats: ComponentStats | PullStats) => `${componentTable([stats])}${'output' in stats ? `\n\nWritten to ${stats.output}` : ''}`
  },
  verify: {
    argument: ['<stats>', 'stats JSON of process-mixture or shard-corpus'],
    options: verifyOptions,
    givesData: ({ inventory, inventoryJson }) => inventory === STANDARD_STREAM || inventoryJson === STANDARD_STREAM,
    run: ([stats], options, run) => verify(stats!, options, run),
    report: inventoryTable
  },
  runs: {
    argument: ['[what...]', 'nothing: all; NAME: those of that name; diff A B: what changed, each a path, a file\'s name without .json, or the first digits of a hash; of SHARD: which made it'],
    options: runsOptions,
    run: (what, options, run) => runs(what, options, run),
    report: runsText
  },
  inspect: {
    argument: ['<path>', 'folder of shards, or one shard_*.npy'],
    options: inspectOptions,
    givesData: ({ stats }) => stats !== true,
    run: ([path], options, run) => inspect(path!, options, run),
    report: (result: InspectReport | ShardStatistics) => 'ids' in result ? statisticsTable(result) : inspectText(result)
  },
  'train-tokenizer': {
    argument: ['[files...]', 'paths or globs, plain, .gz or .zst, in place of --data-files'],
    options: trainTokenizerOptions,
    run: (files, options, run) => trainTokenizer(withFileArguments(files, options), run),
    report: trainingText
  },
  'check-tokenizer': {
    options: checkTokenizerOptions,
    run: (_args, options) => checkTokenizer(options as never),
    report: ({ sha256, tokenizer_path: path }: TokenizerRecord) => `${sha256}  ${path}` // as sha256sum has it
  },
  'check-coverage': {
    argument: ['[sample]', 'path or glob of files with text, plain, .gz or .zst; - for standard input; or --manifest'],
    options: checkCoverageOptions,
    givesJson: true,
    run: ([sample], options, run) => checkCoverage(sample, options, run),
    report: coverageText
  },
  read: {
    argument: ['[files...]', 'paths or globs, plain, .gz or .zst; standard input where there are none'],
    options: readOptions,
    run: (files, options, run) => readToPipe(files, options, run),
    note: stageNote
  },
  ...Object.fromEntries(Object.entries(transforms).map(([name, entry]): [string, Command] => [name, {
    options: name in filters ? entry.options.extend({ rejects: rejectsOption }).describe(entry.options.description!) : entry.options,
    run: (_args, options, run) => transformPipe(name, entry, options, run),
    note: stageNote
  }])),
  write: {
    argument: ['<output>', 'a .ndjson or .txt file, either also as .gz or .zst, or a folder for .npy shards'],
    options: writeOptions,
    run: ([output], options, run) => writeFromPipe(output!, options, run),
    note: stageNote
  }
}

function stageNote ({ stage, in: taken, out, dropped, tokens, tail }: StageReport): string {
  const reasons = Object.entries(dropped).map(([reason, n]) => `, ${n} ${reason}`).join('')
  return `${stage}: ${taken} in, ${out} out${reasons}${tokens === undefined ? '' : `; ${tokens} tokens, ${tail} of them in the tail that fills no sequence`}`
}
