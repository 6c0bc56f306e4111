import { STANDARD_STREAM } from '../../../lib/bytes.ts'
import { initOptions, initParsed, initText } from '../../start/init.ts'
import { command } from '../command.ts'

export const init = command(initOptions, initParsed, {
  argument: ['[names...]', 'files, globs or folders, or OWNER/NAME of a dataset on the Hub'],
  givesData: ({ output }) => output === STANDARD_STREAM,
  report: initText
})
