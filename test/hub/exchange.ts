import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Blob } from './repository.ts'
import type { Fault, LoggedRequest } from './types.ts'

const PIECE_BYTES = 64 * 1024

/** Bytes of a file, from a position up to another one, exclusive. */
export interface Part {
  readonly content: Blob['content']
  readonly start: number
  readonly end: number
  /** The bytes that a changed file has in place of the original ones. */
  readonly changed: boolean
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | Part
  /** Sent in chunks, without a length. */
  readonly chunked?: boolean
}

/** One request and its response, which is logged, and may have the chosen fault. */
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
    response.on('error', () => {}) // a client that disconnects during the response is not an error here
  }

  /** The fault, if it is of this kind. It counts as used from then on. */
  met<Kind extends Fault['kind']> (kind: Kind): (Fault & { kind: Kind }) | null {
    if (this.fault?.kind !== kind) return null
    this.log.fault = kind
    return this.fault as Fault & { kind: Kind }
  }

  /** Waits; ends early if the client disconnects. */
  async wait (ms: number | null): Promise<void> {
    const { signal } = this.#closed
    if (signal.aborted) return
    await (ms === null
      ? new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
      : sleep(ms, undefined, { signal }).catch(() => {}))
  }

  /** Sends informational responses repeatedly. */
  async inform (ms: number): Promise<void> {
    while (!this.#closed.signal.aborted) {
      this.#response.writeProcessing()
      await this.wait(ms)
    }
  }

  /** Cuts the connection, after the written data is sent. */
  cut (): void {
    this.#response.destroy()
  }

  /** Sends a response, or as much of it as its fault allows. */
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

  /** The stated length, null: none; the number of bytes to send; and what happens after them. */
  #bodyFault (size: number): { length: number | null, sent: number, after: 'end' | 'break' | 'stall' | 'hang-up' } {
    const cut = this.met('break') ?? this.met('stall')
    if (cut !== null) {
      const after = Number(cut.after) // a negative one is the share of the body to send
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

  /** @returns whether the client is still connected */
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

  /** Does something to the connection after the written data is sent. */
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
 * The same number of bytes with other values: letters change their case, digits their last bit, so that a mixture of
 * both can look like a file.
 */
function otherBytes (bytes: Buffer): Buffer {
  return Buffer.from(bytes.map(byte => {
    const letter = byte | 0x20
    if (letter >= 0x61 && letter <= 0x7a) return byte ^ 0x20
    return (byte >= 0x30 && byte <= 0x39) || byte >= 0x80 ? byte ^ 1 : byte
  }))
}
