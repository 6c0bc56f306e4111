#!/usr/bin/env node
// These handlers are set before other modules are imported, so that signals are handled while modules load.
const exits: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGINT: 130, SIGTERM: 143 } // 128 and its number
const signals = Object.keys(exits) as NodeJS.Signals[]
const onSignal = (signal: NodeJS.Signals): void => { process.exit(exits[signal]) }
for (const signal of signals) process.on(signal, onSignal)
const release = (): void => { for (const signal of signals) process.off(signal, onSignal) }

const NOTHING_LEFT = 'ended before its work was done: something never finished, such as a custom stage that doesn\'t ' +
  'call back; if you use none, please report it'

// Node silently ends a process that waits for something that can no longer happen.
const onNothingLeft = (): void => {
  process.exitCode = 1
  process.stderr.write(`sluice: ${NOTHING_LEFT}\n`)
}
process.once('beforeExit', onNothingLeft)
try {
  const { loadNow } = await import('./load-now.ts')
  await loadNow('./cli.ts')
  const { cli } = await import('./cli.ts')
  process.exitCode = await cli(process.argv.slice(2), { exits, release })
} catch (error) {
  const { code = '' } = error as { readonly code?: string }
  if (!['EMFILE', 'ENFILE'].includes(code)) throw error
  process.exitCode = 1
  const advice = 'raise the limit (ulimit -n 4096) and run it again'
  process.stderr.write(`sluice: too many files are open to load its modules; ${advice} [${code}]\n`)
}
process.off('beforeExit', onNothingLeft)
// A thread may wait for a pipe that nobody opens, and Node waits for the thread. Then the signal ends the process.
const stoppedBy = signals.find(signal => exits[signal] === process.exitCode)
if (stoppedBy !== undefined) setTimeout(() => { process.kill(process.pid, stoppedBy) }, 500).unref()
