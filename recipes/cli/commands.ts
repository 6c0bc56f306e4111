import { STANDARD_STREAM } from '../../lib/bytes.ts'
import { checkCoverage, checkCoverageOptions, coverageText } from '../check-coverage.ts'
import { checkTokenizer, checkTokenizerOptions } from '../check-tokenizer.ts'
import { checkManifest, checkOptions, forecastText } from '../check.ts'
import { rejectsOption, withFileArguments } from '../components/corpus.ts'
import { componentTable } from '../components/table.ts'
import { trainingText } from '../components/training.ts'
import { filterCorpus, filterCorpusOptions } from '../filter-corpus.ts'
import { inspect, inspectOptions, inspectText, statisticsTable } from '../inspect.ts'
import { inventoryTable } from '../inventory/inventory.ts'
import { licenses, licensesOptions, licensesText } from '../licenses.ts'
import { MANIFEST_HELP } from '../mixture/read.ts'
import { type StageReport, readOptions, readToPipe, transformPipe, writeFromPipe, writeOptions } from '../pipe.ts'
import { mixtureText, processMixture, processMixtureOptions } from '../process-mixture.ts'
import { run, runOptions, runText } from '../run.ts'
import { runs, runsOptions, runsText } from '../runs.ts'
import { shardCorpus, shardCorpusOptions } from '../shard-corpus.ts'
import { type TransformEntry, filters, transforms } from '../stages.ts'
import { completionOptions, printCompletion } from '../start/completion.ts'
import { init, initOptions, initText } from '../start/init.ts'
import { nextSteps, quickstart, quickstartOptions } from '../start/quickstart.ts'
import { schemaNote, schemaOptions, writeSchema } from '../start/schema.ts'
import { trainTokenizer, trainTokenizerOptions } from '../train-tokenizer.ts'
import { verify, verifyOptions } from '../verify.ts'
import { type Command, command } from './command.ts'

const FILES_HELP = 'paths or globs, plain, .gz or .zst'

/** The commands, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  quickstart: command(quickstartOptions, (_args, _options, run) => quickstart(run), {
    report: stats => `${componentTable(stats.stats)}\n\n${nextSteps(stats)}`
  }),
  init: command(initOptions, init, {
    argument: ['[names...]', 'files, globs or folders, or OWNER/NAME of a dataset on the Hub'],
    givesData: ({ output }) => output === STANDARD_STREAM,
    report: initText
  }),
  check: command(checkOptions, ([manifest], options, run) => checkManifest(manifest!, options, run), {
    argument: ['<manifest>', MANIFEST_HELP],
    report: forecastText
  }),
  licenses: command(licensesOptions, ([manifest], options, run) => licenses(manifest!, options, run), {
    argument: ['<manifest>', MANIFEST_HELP],
    report: licensesText
  }),
  'process-mixture': command(processMixtureOptions, ([manifest], options, run) => processMixture(manifest!, options, run), {
    argument: ['<manifest>', MANIFEST_HELP],
    report: mixtureText
  }),
  run: command(runOptions, ([manifest], options, context) => run(manifest!, options, context), {
    argument: ['<manifest>', MANIFEST_HELP],
    report: runText
  }),
  'filter-corpus': command(filterCorpusOptions, (files, options, run) => filterCorpus(withFileArguments(files, options), run), {
    argument: ['[files...]', `${FILES_HELP}, in place of --data-files; - for standard input`],
    givesData: ({ outputPath }) => outputPath === STANDARD_STREAM,
    report: stats => `${componentTable([stats])}\n\nWritten to ${stats.output_path}`
  }),
  'shard-corpus': command(shardCorpusOptions, (files, options, run) => shardCorpus(withFileArguments(files, options), run), {
    argument: ['[files...]', `${FILES_HELP}, in place of --data-files; - for standard input`],
    givesData: ({ output }) => output === STANDARD_STREAM,
    report: stats => `${componentTable([stats])}${'output' in stats ? `\n\nWritten to ${stats.output}` : ''}`
  }),
  verify: command(verifyOptions, ([stats], options, run) => verify(stats!, options, run), {
    argument: ['<stats>', 'stats JSON of process-mixture or shard-corpus'],
    givesData: ({ inventory, inventoryJson }) => inventory === STANDARD_STREAM || inventoryJson === STANDARD_STREAM,
    report: inventoryTable
  }),
  runs: command(runsOptions, runs, {
    argument: ['[what...]', 'nothing: all; NAME: those of that name; diff A B: what changed, each a path, a file\'s name without .json, or the first digits of a hash; of SHARD: which made it'],
    report: runsText
  }),
  inspect: command(inspectOptions, ([path], options, run) => inspect(path!, options, run), {
    argument: ['<path>', 'folder of shards, or one shard_*.npy'],
    givesData: ({ stats }) => !stats,
    report: result => 'ids' in result ? statisticsTable(result) : inspectText(result)
  }),
  'train-tokenizer': command(trainTokenizerOptions, (files, options, run) => trainTokenizer(withFileArguments(files, options), run), {
    argument: ['[files...]', `${FILES_HELP}, in place of --data-files`],
    report: trainingText
  }),
  'check-tokenizer': command(checkTokenizerOptions, (_args, options) => checkTokenizer(options), {
    report: ({ sha256, tokenizer_path: path }) => `${sha256}  ${path}` // as sha256sum has it
  }),
  'check-coverage': command(checkCoverageOptions, ([sample], options, run) => checkCoverage(sample, options, run), {
    argument: ['[sample]', 'path or glob of files with text, plain, .gz or .zst; - for standard input; or --manifest'],
    givesJson: true,
    report: coverageText
  }),
  schema: command(schemaOptions, (_args, options) => writeSchema(options), { givesJson: true, report: schemaNote }),
  completion: command(completionOptions, ([shell]) => printCompletion(shell!, commands), {
    argument: ['<shell>', 'bash, zsh or fish']
  }),
  read: command(readOptions, readToPipe, {
    argument: ['[files...]', `${FILES_HELP}; standard input where there are none`],
    note: stageNote
  }),
  ...Object.fromEntries(Object.entries(transforms).map(([name, row]) => [name, name in filters ? filterCommand(name, row) : transformCommand(name, row)])),
  write: command(writeOptions, ([output], options, run) => writeFromPipe(output!, options, run), {
    argument: ['<output>', 'a .ndjson or .txt file, either also as .gz or .zst, or a folder for .npy shards'],
    note: stageNote
  })
}

/** A transform in a pipe. */
function transformCommand (name: string, row: TransformEntry): Command {
  return command(row.options, (_args, options, run) => transformPipe(name, row, options, run), { note: stageNote })
}

/** A transform that drops documents: in a pipe it can keep them. */
function filterCommand (name: string, row: TransformEntry): Command {
  const options = row.options.extend({ rejects: rejectsOption }).describe(row.options.description!)
  return command(options, (_args, { rejects, ...own }, run) => transformPipe(name, row, own, run, typeof rejects === 'string' ? rejects : undefined), { note: stageNote })
}

function stageNote ({ stage, in: taken, out, dropped, tokens, tail }: StageReport): string {
  const reasons = Object.entries(dropped).map(([reason, n]) => `, ${n} ${reason}`).join('')
  return `${stage}: ${taken} in, ${out} out${reasons}${tokens === undefined ? '' : `; ${tokens} tokens, ${tail} of them in the tail that fills no sequence`}`
}
