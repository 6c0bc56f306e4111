import { SluiceError, messageOf } from '../../lib/errors.ts'
import { stageInStack } from '../../lib/stage/module.ts'

/** Watches for what happens outside of a command's own promises, most often in a custom stage. */
export interface Watching {
  /** The error of what nobody awaited; null where nothing failed. */
  readonly error: () => SluiceError | null
  readonly end: () => void
}

/**
 * Watches until it is ended: a promise that is rejected and that nobody awaits, and an error that is thrown where
 * nobody catches it, stop the command; a call of `process.exit` doesn't look like success.
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
    const caller = stageInStack(stack) ?? 'code that is not of sluice'
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

/** Of a stage, where its stack has one; any other is a defect, and shown whole. */
function lostError (error: unknown): SluiceError {
  const stack = error instanceof Error ? error.stack ?? '' : ''
  const stage = stageInStack(stack)
  if (stage === null) {
    const shown = stack === '' ? messageOf(error) : stack
    const message = `something that nobody awaited has failed, maybe in a custom stage: ${shown}`
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
