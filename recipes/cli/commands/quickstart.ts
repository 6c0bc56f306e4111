import { componentTable } from '../../components/table.ts'
import { nextSteps, quickstart as runQuickstart, quickstartOptions } from '../../start/quickstart.ts'
import { command } from '../command.ts'

export const quickstart = command(quickstartOptions, (_args, _options, run) => runQuickstart(run), {
  report: stats => `${componentTable(stats.stats)}\n\n${nextSteps(stats)}`
})
