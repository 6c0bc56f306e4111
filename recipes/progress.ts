import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Flow } from './flow.ts'

const BAR_EVERY_MS = 200
const LINE_EVERY_MS = 15_000
const BAR_WIDTH = 20

/** What of a terminal the progress needs. */
export type ProgressStream = Pick<WriteStream, 'isTTY' | 'columns'> & NodeJS.WritableStream

/** Shows how far the flows are: on a terminal as a bar that is drawn again and again, elsewhere as a line now and then. */
export class Progress {
  readonly #stream: ProgressStream
  readonly #flows = new Map<Flow, number>() // when each began
  #timer: NodeJS.Timeout | undefined

  constructor (stream: ProgressStream) {
    this.#stream = stream
  }

  /** Shows a flow until the function that it returns is called. */
  readonly watch = (flow: Flow): (() => void) => {
    this.#flows.set(flow, performance.now())
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
    const lines = [...this.#flows].map(([flow, began]) => progressLine(flow, (performance.now() - began) / 1000))
    if (!this.#stream.isTTY) {
      this.#stream.write(lines.map(line => line + '\n').join(''))
      return
    }
    this.#erase()
    // One line for all flows: cut, so that it stays one line on any terminal.
    this.#stream.write(lines.join(' | ').slice(0, this.#stream.columns - 1))
  }

  #erase (): void {
    clearLine(this.#stream, 0)
    cursorTo(this.#stream, 0)
  }
}

/** `web [=====>----] 42 % 12,345 docs 8.1 MB/s 3,456,789 tokens 1:23 left` */
export function progressLine ({ name, source, tokens }: Flow, seconds: number): string {
  const { read, total } = source.progress
  const parts = [name]
  const share = total === null || total === 0 ? null : Math.min(1, read / total)
  if (share !== null) parts.push(`[${'='.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '-')}] ${Math.floor(share * 100)} %`)
  parts.push(`${source.stats.out.toLocaleString('en-US')} docs`, `${(source.stats.bytes / 1e6 / Math.max(seconds, 1e-3)).toFixed(1)} MB/s`)
  if (tokens !== undefined) parts.push(`${tokens().toLocaleString('en-US')} tokens`)
  if (share !== null && share > 0) parts.push(`${clock(seconds / share - seconds)} left`)
  return parts.join(' ')
}

function clock (seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, '0')]
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}
