import { checkCoverageOptions, checkCoverageParsed, coverageText } from '../../check-coverage.ts'
import { command } from '../command.ts'

const SAMPLE_HELP = 'path or glob of files with text, plain, .gz or .zst; - for standard input; or --manifest'

export const checkCoverage = command(
  checkCoverageOptions, ([sample], options, run) => checkCoverageParsed(sample, options, run), {
    argument: ['[sample]', SAMPLE_HELP],
    givesJson: true,
    report: coverageText
  }
)
