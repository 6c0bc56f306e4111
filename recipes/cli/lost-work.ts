import { SluiceError, messageOf } from '../../lib/errors.ts'
import { stageInStack } from '../../lib/stage/module.ts'

/** Looks out for what happens beside a command's own promises, most often in a stage of the user's own. */
export interface Watching {
  /** What nobody awaited has failed with; null where nothing did. */
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
    process.stderr.write(`sluice: ${stageInStack(stack) ?? 'code that is not of sluice'} has called process.exit before the work was done; a stage that can't go on throws an error [ERR_DOCUMENT]\n`)
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

/** Of a stage, where its stack tells it; any other is a defect, and shown whole. */
function lostError (error: unknown): SluiceError {
  const stack = error instanceof Error ? error.stack ?? '' : ''
  const stage = stageInStack(stack)
  if (stage === null) return new SluiceError('ERR_DOCUMENT', `something has failed that nobody awaited, maybe in a stage of your own: ${stack === '' ? messageOf(error) : stack}`, { cause: error })
  return new SluiceError('ERR_DOCUMENT', `${stage} has failed beside what it returned: ${messageOf(error)}; its take is to await, or to return, each promise that it makes`, { cause: error })
}

/** Who has called, all the way down. */
function stackHere (): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  const { stack = '' } = new Error('here')
  Error.stackTraceLimit = stackTraceLimit
  return stack
}
