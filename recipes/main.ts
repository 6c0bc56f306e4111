#!/usr/bin/env node
import { cli } from './cli.ts'

// Node ends a process that waits for something that can't come any more, and says nothing of it.
const onNothingLeft = (): void => {
  process.exitCode = 1
  process.stderr.write('sluice: ended before its work was done: something was begun that never finishes, such as a stage of your own that doesn\'t call back; if there is none, please report it\n')
}
process.once('beforeExit', onNothingLeft)
process.exitCode = await cli(process.argv.slice(2))
process.off('beforeExit', onNothingLeft)
