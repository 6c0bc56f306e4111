import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import { shownInLine } from '../../lib/text/shown.ts'
import type { Flow, WatchedWork } from '../flow/flow.ts'
import { number } from '../../lib/text/numbers.ts'

const BAR_EVERY_MS = 200
const LINE_EVERY_MS = 15_000
const BAR_WIDTH = 20

/** The parts of a terminal that the progress needs. */
export type ProgressStream = Pick<WriteStream, 'isTTY' | 'columns'> & NodeJS.WritableStream

/**
 * Shows the progress of flows and other work: on a terminal as a bar that is redrawn, elsewhere as a line with the time
 * every few seconds.
 */
export class Progress {
  readonly #stream: ProgressStream
  readonly #flows = new Map<Flow | WatchedWork, number>() // with the time when each started
  #timer: NodeJS.Timeout | undefined

  constructor (stream: ProgressStream) {
    this.#stream = stream
  }

  /** Shows a flow, or other work, until the function that it returns is called. */
  readonly watch = (flow: Flow | WatchedWork): (() => void) => {
    this.#flows.set(flow, performance.now())
    if (this.#stream.isTTY && 'state' in flow) this.draw() // draw now: the work may block the thread for a while
    this.#timer ??= setInterval(() => { this.draw() }, this.#stream.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS).unref()
    return () => {
      this.#flows.delete(flow)
      if (this.#flows.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
      if (this.#stream.isTTY) this.#erase()
    }
  }

  draw (): void {
    const now = performance.now()
    const lines = (bar: boolean): string[] =>
      [...this.#flows].map(([flow, startedAt]) => progressLine(flow, (now - startedAt) / 1000, bar))
    if (!this.#stream.isTTY) {
      this.#stream.write(lines(true).map(line => logLine(line)).join(''))
      return
    }
    this.#erase()
    // All flows share one line. If they don't fit, bars are left out; if that isn't enough, the line is cut.
    const whole = lines(true).join(' | ')
    const width = this.#stream.columns - 1
    this.#stream.write(whole.length <= width ? whole : cutToWidth(lines(false).join(' | '), width))
  }

  /** Prints a message: above the bar on a terminal, elsewhere as a line with the time. */
  readonly tell = (message: string): void => {
    if (this.#stream.isTTY) this.#erase()
    this.#stream.write(this.#stream.isTTY ? `${message}\n` : logLine(message))
  }

  #erase (): void {
    clearLine(this.#stream, 0)
    cursorTo(this.#stream, 0)
  }
}

/** `web [=====>----] 42 % 12,345 docs 8.1 MB/s 3,456,789 tokens 1:23 left` */
export function progressLine (work: Flow | WatchedWork, seconds: number, bar = true): string {
  if ('state' in work) return `${work.name} ${work.state()} ${clock(seconds)}`
  const { name, source, tokens } = work
  const { read, total } = source.progress
  const parts = [shownInLine(name)]
  const share = total === null || total === 0 ? null : Math.min(1, read / total)
  if (share !== null && bar) parts.push(`[${'='.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '-')}]`)
  if (share !== null) parts.push(`${Math.floor(share * 100)} %`)
  const speed = source.stats.bytes / 1e6 / Math.max(seconds, 1e-3)
  parts.push(`${number(source.stats.out)} docs`, `${speed.toFixed(1)} MB/s`)
  if (tokens !== undefined) parts.push(`${number(tokens())} tokens`)
  if (share !== null && share > 0) parts.push(`${clock(seconds / share - seconds)} left`)
  return parts.join(' ')
}

/** A line of a log: the time, in UTC, then the message. */
function logLine (text: string): string {
  return `${new Date().toISOString()} ${text}\n`
}

/** Letters that take two columns: those of East Asia, and emoji. */
const WIDE_LETTER = /[\u1100-\u115f\u2e80-\uffdc\u{1f000}-\u{3ffff}]/u

/** Cuts a text to a number of columns. */
function cutToWidth (text: string, columns: number): string {
  let width = 0
  return Array.from(text).filter(letter => (width += WIDE_LETTER.test(letter) ? 2 : 1) <= columns).join('')
}

function clock (seconds: number): string {
  const whole = Math.round(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  const rest = String(whole % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}
