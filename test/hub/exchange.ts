import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Blob } from './repository.ts'
import type { Fault, LoggedRequest } from './types.ts'

const PIECE_BYTES = 64 * 1024

/** Bytes of a file, from a place up to another one, exclusive. */
export interface Part {
  readonly content: Blob['content']
  readonly start: number
  readonly end: number
  /** The bytes that a changed file has in place of its own. */
  readonly changed: boolean
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | Part
  /** Sent in chunks, without a length. */
  readonly chunked?: boolean
}

/** One request and its answer, which is logged, and which may go wrong in the way that was chosen for it. */
export class Exchange {
  readonly request: IncomingMessage
  readonly log: LoggedRequest
  fault: Fault | null = null
  readonly #response: ServerResponse
  readonly #closed: AbortController

  constructor (request: IncomingMessage, response: ServerResponse, log: LoggedRequest) {
    this.request = request
    this.log = log
    this.#response = response
    const closed = this.#closed = new AbortController()
    response.on('close', () => { closed.abort() })
    response.on('error', () => {}) // a client that goes away in mid-answer is none of ours
  }

  /** The fault, if it is of this kind. It counts as met from then on. */
  met<Kind extends Fault['kind']> (kind: Kind): (Fault & { kind: Kind }) | null {
    if (this.fault?.kind !== kind) return null
    this.log.fault = kind
    return this.fault as Fault & { kind: Kind }
  }

  /** Waits; ends early where the client goes. */
  async wait (ms: number | null): Promise<void> {
    const { signal } = this.#closed
    if (signal.aborted) return
    await (ms === null
      ? new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
      : sleep(ms, undefined, { signal }).catch(() => {}))
  }

  /** Says again and again that it works on it. */
  async inform (ms: number): Promise<void> {
    while (!this.#closed.signal.aborted) {
      this.#response.writeProcessing()
      await this.wait(ms)
    }
  }

  /** Cuts the connection, with what was written before on its way. */
  cut (): void {
    this.#response.destroy()
  }

  /** Sends an answer, or as much of it as its fault lets through. */
  async send ({ status, headers = {}, body = Buffer.alloc(0), chunked = false }: Answer): Promise<void> {
    const size = Buffer.isBuffer(body) ? body.length : body.end - body.start
    const { length, sent, after } = this.#bodyFault(size)
    this.log.status = status
    this.#response.writeHead(status, {
      ...headers,
      ...(status === 304 || status === 204 || (chunked && length !== null)
        ? {}
        : length === null ? {} : { 'Content-Length': String(length) })
    })
    if (this.request.method === 'HEAD') {
      if (after === 'break') this.cut()
      else this.#response.end()
      this.log.ended = after !== 'break'
      return
    }
    const drip = this.met('drip')
    let left = sent
    for await (const piece of pieces(body, Math.min(sent, size), drip?.bytes ?? PIECE_BYTES)) {
      left -= piece.length
      if (!await this.#write(piece)) return
      if (drip !== null) await this.wait(drip.ms)
    }
    if (left > 0 && !await this.#write(Buffer.alloc(left, 'x'))) return
    if (after === 'stall') {
      this.#response.flushHeaders()
      await this.wait(null)
    } else if (after === 'break') await this.#finish(() => { this.cut() })
    else if (after === 'hang-up') await this.#finish(() => { this.#response.socket?.end() })
    else {
      this.#response.end()
      this.log.ended = true
    }
  }

  /** What is said of the length, null: nothing; how many bytes go out; and what follows on them. */
  #bodyFault (size: number): { length: number | null, sent: number, after: 'end' | 'break' | 'stall' | 'hang-up' } {
    const cut = this.met('break') ?? this.met('stall')
    if (cut !== null) {
      const after = Number(cut.after) // a negative one is the part of the body that arrives
      return { length: size, sent: after < 0 ? Math.floor(-after * size) : Math.min(after, size), after: cut.kind }
    }
    const short = this.met('short')
    if (short !== null) {
      const sent = Math.max(0, size - short.by)
      return {
        length: short.framing === 'chunked' ? null : short.framing === 'length' ? sent : size,
        sent,
        after: short.framing === 'declared' ? 'hang-up' : 'end'
      }
    }
    const total = size + (this.met('long')?.by ?? 0)
    return { length: total, sent: total, after: 'end' }
  }

  /** @returns whether the client is still there */
  async #write (piece: Buffer): Promise<boolean> {
    const response = this.#response
    if (response.destroyed) return false
    this.log.bytes += piece.length
    if (!response.write(piece)) {
      await new Promise<void>(resolve => {
        const done = (): void => {
          response.off('drain', done).off('close', done)
          resolve()
        }
        response.on('drain', done).on('close', done)
      })
    }
    return !response.destroyed
  }

  /** Does something to the connection after what was written has gone out. */
  async #finish (then: () => void): Promise<void> {
    const { socket } = this.#response
    this.#response.flushHeaders()
    await new Promise<void>(resolve => {
      if (socket === null || socket.destroyed) resolve()
      else socket.write('', () => { resolve() })
    })
    then()
  }
}

/** Bytes of a body, in pieces. */
async function * pieces (body: Buffer | Part, bytes: number, pieceBytes: number): AsyncGenerator<Buffer> {
  if (bytes === 0) return
  if (Buffer.isBuffer(body)) {
    yield * slices(body.subarray(0, bytes), pieceBytes)
    return
  }
  const { content, start, changed } = body
  if (Buffer.isBuffer(content)) {
    const part = content.subarray(start, start + bytes)
    yield * slices(changed ? otherBytes(part) : part, pieceBytes)
    return
  }
  const highWaterMark = pieceBytes === PIECE_BYTES ? 1 << 20 : pieceBytes
  for await (const chunk of createReadStream(content.localPath, { start, end: start + bytes - 1, highWaterMark })) {
    yield changed ? otherBytes(chunk as Buffer) : chunk as Buffer
  }
}

function * slices (bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/**
 * As many bytes that are others: letters change their case, digits their oddness, so that a mixture of both can look
 * like a file.
 */
function otherBytes (bytes: Buffer): Buffer {
  return Buffer.from(bytes.map(byte => {
    const letter = byte | 0x20
    if (letter >= 0x61 && letter <= 0x7a) return byte ^ 0x20
    return (byte >= 0x30 && byte <= 0x39) || byte >= 0x80 ? byte ^ 1 : byte
  }))
}
