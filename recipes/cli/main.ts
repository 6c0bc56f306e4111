#!/usr/bin/env node
// Only Node's own modules are imported before these exist: a signal is handled while modules load, too.
const exits: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGINT: 130, SIGTERM: 143 } // 128 and its number
const signals = Object.keys(exits) as NodeJS.Signals[]
const onSignal = (signal: NodeJS.Signals): void => { process.exit(exits[signal]) }
for (const signal of signals) process.on(signal, onSignal)
const release = (): void => { for (const signal of signals) process.off(signal, onSignal) }

const NOTHING_LEFT = 'ended before its work was done: something was started that never finishes, such as a custom ' +
  'stage that doesn\'t call back; if there is none, please report it'

// Node silently ends a process that waits for something that can no longer come.
const onNothingLeft = (): void => {
  process.exitCode = 1
  process.stderr.write(`sluice: ${NOTHING_LEFT}\n`)
}
process.once('beforeExit', onNothingLeft)
try {
  const { cli } = await import('./cli.ts')
  // Modules may load without a turn of the event loop: a signal that has come meanwhile is handled first.
  await new Promise(resolve => { setImmediate(resolve) })
  process.exitCode = await cli(process.argv.slice(2), { exits, release })
} catch (error) {
  const { code = '' } = error as { readonly code?: string }
  if (!['EMFILE', 'ENFILE'].includes(code)) throw error
  process.exitCode = 1
  const advice = 'raise the limit (ulimit -n 4096) and run it again'
  process.stderr.write(`sluice: too many files are open to load its modules; ${advice} [${code}]\n`)
}
process.off('beforeExit', onNothingLeft)
// A thread may wait for a pipe that nobody opens, and Node for the thread: then the signal ends the process.
const stoppedBy = signals.find(signal => exits[signal] === process.exitCode)
if (stoppedBy !== undefined) setTimeout(() => { process.kill(process.pid, stoppedBy) }, 500).unref()
