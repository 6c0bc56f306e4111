import { SluiceError, messageOf } from '../../lib/errors.ts'
import { stageInStack } from '../../lib/stage/module.ts'

/** Watches for errors that a command can't catch. Most of them come from custom stages. */
export interface Watching {
  /** The first error that was not caught; null if there was none. */
  readonly error: () => SluiceError | null
  readonly end: () => void
}

/**
 * Until `end` is called, a rejected promise that is not awaited or an error that is not caught stops the command, and a
 * call of `process.exit` is reported as a failure.
 *
 * @param stop ends the command
 */
export function watchLostWork (stop: () => void): Watching {
  let lost: SluiceError | null = null
  const onLost = (error: unknown): void => {
    lost ??= lostError(error)
    stop()
  }
  const onExit = (): void => {
    const stack = stackHere()
    if (!/\bat (?:process\.)?exit \(node:/.test(stack)) return
    process.exitCode ||= 1
    const caller = stageInStack(stack) ?? 'code outside of sluice'
    process.stderr.write(`sluice: ${caller} ${EXITED} [ERR_DOCUMENT]\n`)
  }
  process.on('unhandledRejection', onLost)
  process.on('uncaughtException', onLost)
  process.on('exit', onExit)
  return {
    error: () => lost,
    end () {
      process.off('unhandledRejection', onLost)
      process.off('uncaughtException', onLost)
      process.off('exit', onExit)
    }
  }
}

const EXITED = 'has called process.exit before the work was done; a stage that can\'t continue throws an error'

/** An error that names the stage in its stack. Without a stage it may be a defect of sluice, so the stack is shown. */
function lostError (error: unknown): SluiceError {
  const stack = error instanceof Error ? error.stack ?? '' : ''
  const stage = stageInStack(stack)
  if (stage === null) {
    const shown = stack === '' ? messageOf(error) : stack
    const message = `an error was not handled, maybe in a custom stage: ${shown}`
    return new SluiceError('ERR_DOCUMENT', message, { cause: error })
  }
  const advice = 'its take must await, or return, each promise that it makes'
  const message = `${stage} has failed outside of what it returned: ${messageOf(error)}; ${advice}`
  return new SluiceError('ERR_DOCUMENT', message, { cause: error })
}

/** The whole stack of the caller. */
function stackHere (): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  const { stack = '' } = new Error('here')
  Error.stackTraceLimit = stackTraceLimit
  return stack
}
