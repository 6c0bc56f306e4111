import { STANDARD_STREAM } from '../../lib/bytes.ts'
import { checkCoverageOptions, checkCoverageParsed, coverageText } from '../check-coverage.ts'
import { checkTokenizerAliases, checkTokenizerOptions, checkTokenizerParsed } from '../check-tokenizer.ts'
import { checkManifestParsed, checkOptions, forecastText } from '../check.ts'
import { rejectsOption, withFileArguments } from '../components/corpus.ts'
import { componentTable } from '../components/table.ts'
import { trainingText } from '../components/training.ts'
import { filterCorpusAliases, filterCorpusOptions, filterCorpusParsed } from '../filter-corpus.ts'
import { inspectAliases, inspectOptions, inspectParsed, inspectText, statisticsTable } from '../inspect.ts'
import { inventoryTable } from '../inventory/inventory.ts'
import { licensesOptions, licensesParsed, licensesText } from '../licenses.ts'
import { MANIFEST_HELP } from '../mixture/read.ts'
import { type StageReport, readOptions, readToPipe, transformPipe, writeFromPipe, writeOptions } from '../pipe.ts'
import { mixtureText, processMixtureAliases, processMixtureOptions, processMixtureParsed } from '../process-mixture.ts'
import { runManifestOptions, runParsed, runText } from '../run.ts'
import { runsOptions, runsParsed, runsText } from '../runs.ts'
import { shardCorpusAliases, shardCorpusOptions, shardCorpusParsed } from '../shard-corpus.ts'
import { type FilterEntry, type TransformEntry, filters, transforms } from '../stages.ts'
import { completionOptions, printCompletion } from '../start/completion.ts'
import { initOptions, initParsed, initText } from '../start/init.ts'
import { nextSteps, quickstart, quickstartOptions } from '../start/quickstart.ts'
import { schemaNote, schemaOptions, writeSchema } from '../start/schema.ts'
import { trainTokenizerAliases, trainTokenizerOptions, trainTokenizerParsed } from '../train-tokenizer.ts'
import { verifyOptions, verifyParsed } from '../verify.ts'
import { type Command, command } from './command.ts'

const FILES_HELP = 'paths or globs, plain, .gz or .zst'
const RUNS_HELP = 'nothing: all; NAME: those of that name; diff A B: what changed, each given as a path, a file name ' +
  'without .json, or the first digits of a hash; of SHARD: which run made it'
const SAMPLE_HELP = 'path or glob of files with text, plain, .gz or .zst; - for standard input; or --manifest'
const OUTPUT_HELP = 'a .ndjson or .txt file, either also as .gz or .zst, or a folder for .npy shards'

const MANIFEST = ['<manifest>', MANIFEST_HELP] as const
const FILES = ['[files...]', `${FILES_HELP}, instead of --data-files`] as const
const FILES_OR_INPUT = ['[files...]', `${FILES_HELP}, instead of --data-files; - for standard input`] as const
const PIPED_FILES = ['[files...]', `${FILES_HELP} (default: standard input)`] as const

/** The commands, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  quickstart: command(quickstartOptions, (_args, _options, run) => quickstart(run), {
    report: stats => `${componentTable(stats.stats)}\n\n${nextSteps(stats)}`
  }),
  init: command(initOptions, initParsed, {
    argument: ['[names...]', 'files, globs or folders, or OWNER/NAME of a dataset on the Hub'],
    givesData: ({ output }) => output === STANDARD_STREAM,
    report: initText
  }),
  check: command(checkOptions, ([manifest], options, run) => checkManifestParsed(manifest!, options, run), {
    argument: MANIFEST,
    report: forecastText
  }),
  licenses: command(licensesOptions, ([manifest], options, run) => licensesParsed(manifest!, options, run), {
    argument: MANIFEST,
    report: licensesText
  }),
  'process-mixture': command(
    processMixtureOptions, ([manifest], options, run) => processMixtureParsed(manifest!, options, run), {
      argument: MANIFEST,
      aliases: processMixtureAliases,
      report: mixtureText
    }
  ),
  run: command(runManifestOptions, ([manifest], options, context) => runParsed(manifest!, options, context), {
    argument: MANIFEST,
    aliases: processMixtureAliases,
    report: runText
  }),
  'filter-corpus': command(
    filterCorpusOptions, (files, options, run) => filterCorpusParsed(withFileArguments(files, options), run), {
      argument: FILES_OR_INPUT,
      aliases: filterCorpusAliases,
      givesData: ({ output }) => output === STANDARD_STREAM,
      report: stats => `${componentTable([stats])}\n\nWritten to ${stats.output_path}`
    }
  ),
  'shard-corpus': command(
    shardCorpusOptions, (files, options, run) => shardCorpusParsed(withFileArguments(files, options), run), {
      argument: FILES_OR_INPUT,
      aliases: shardCorpusAliases,
      givesData: ({ output }) => output === STANDARD_STREAM,
      report: stats => `${componentTable([stats])}${'output' in stats ? `\n\nWritten to ${stats.output}` : ''}`
    }
  ),
  verify: command(verifyOptions, ([stats], options, run) => verifyParsed(stats!, options, run), {
    argument: ['<stats>', 'stats JSON of process-mixture or shard-corpus'],
    givesData: ({ inventory, inventoryJson }) => [inventory, inventoryJson].includes(STANDARD_STREAM),
    report: inventoryTable
  }),
  runs: command(runsOptions, runsParsed, {
    argument: ['[what...]', RUNS_HELP],
    report: runsText
  }),
  inspect: command(inspectOptions, ([path], options, run) => inspectParsed(path!, options, run), {
    argument: ['<path>', 'folder of shards, or one shard_*.npy'],
    aliases: inspectAliases,
    givesData: ({ counts }) => !counts,
    report: result => 'ids' in result ? statisticsTable(result) : inspectText(result)
  }),
  'train-tokenizer': command(
    trainTokenizerOptions, (files, options, run) => trainTokenizerParsed(withFileArguments(files, options), run), {
      argument: FILES,
      aliases: trainTokenizerAliases,
      report: trainingText
    }
  ),
  'check-tokenizer': command(checkTokenizerOptions, (_args, options) => checkTokenizerParsed(options), {
    aliases: checkTokenizerAliases,
    report: ({ sha256, tokenizer_path: path }) => `${sha256}  ${path}` // as sha256sum prints it
  }),
  'check-coverage': command(
    checkCoverageOptions, ([sample], options, run) => checkCoverageParsed(sample, options, run), {
      argument: ['[sample]', SAMPLE_HELP],
      givesJson: true,
      report: coverageText
    }
  ),
  schema: command(schemaOptions, (_args, options) => writeSchema(options), { givesJson: true, report: schemaNote }),
  completion: command(completionOptions, ([shell]) => printCompletion(shell!, commands), {
    argument: ['<shell>', 'bash, zsh or fish']
  }),
  read: command(readOptions, readToPipe, { argument: PIPED_FILES, note: stageNote }),
  ...Object.fromEntries(Object.entries(transforms).map(([name, row]) => {
    return [name, name in filters ? filterCommand(name, filters[name]!) : transformCommand(name, row)]
  })),
  write: command(writeOptions, ([output], options, run) => writeFromPipe(output!, options, run), {
    argument: ['<output>', OUTPUT_HELP],
    note: stageNote
  })
}

/** The command of a transform in a pipe. */
function transformCommand (name: string, row: TransformEntry): Command {
  return command(row.options, (_args, options, run) => transformPipe(name, () => row.make(options), run), {
    required: ['tokenizerPath'], // of `encode`; in code, it may be given a loaded tokenizer instead
    note: stageNote
  })
}

/** The command of a transform that drops documents, and can write them to a rejects file. */
function filterCommand (name: string, row: FilterEntry): Command {
  const options = row.options.extend({ rejects: rejectsOption }).describe(row.options.description!)
  return command(options, (_args, { rejects, ...own }, run) => {
    return transformPipe(name, shared => row.make(own, shared), run, typeof rejects === 'string' ? rejects : undefined)
  }, { note: stageNote })
}

function stageNote ({ stage, in: taken, out, dropped, tokens, tail }: StageReport): string {
  const reasons = Object.entries(dropped).map(([reason, n]) => `, ${n} ${reason}`).join('')
  const ids = tokens === undefined ? '' : `; ${tokens} tokens, ${tail} of them in the tail that fills no sequence`
  return `${stage}: ${taken} in, ${out} out${reasons}${ids}`
}
